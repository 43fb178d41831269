#include "weft/edge/internal/text_decoder.h"

#include <algorithm>

#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

constexpr std::size_t kGroup = 4;

}  // namespace

bool TextDecoder::push(std::string_view text, std::string& out) {
  if (failed_) return false;
  if (size_ != 0) {
    const std::size_t taken = std::min(kGroup - size_, text.size());
    std::copy_n(text.data(), taken, group_.data() + size_);
    size_ += taken;
    text.remove_prefix(taken);
    if (size_ < kGroup) return true;
    size_ = 0;
    if (!push_group({group_.data(), kGroup}, out)) return false;
  }
  while (text.size() >= kGroup) {
    // All up to the next padding in one go.
    const std::size_t padding = std::min(text.find('='), text.size());
    const std::size_t plain = padding - padding % kGroup;
    const std::size_t size = plain != 0 ? plain : kGroup;
    if (!push_group(text.substr(0, size), out)) return false;
    text.remove_prefix(size);
  }
  std::copy_n(text.data(), text.size(), group_.data());
  size_ = text.size();
  return true;
}

bool TextDecoder::push_group(std::string_view group, std::string& out) {
  failed_ = !rpc::base64_decode(group, out);
  return !failed_;
}

void append_text(std::string_view bytes, std::string& out) {
  rpc::base64_encode(bytes, out);
  constexpr std::string_view kPadding[] = {"", "==", "="};
  out.append(kPadding[bytes.size() % 3]);
}

}  // namespace weft::edge
