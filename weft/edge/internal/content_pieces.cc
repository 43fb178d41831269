#include "weft/edge/internal/content_pieces.h"

#include <utility>

namespace weft::edge {
namespace {

// What small parts are copied together to.
constexpr std::size_t kJoined = std::size_t{16} * 1024;

}  // namespace

void ContentPieces::add(Bytes part) {
  size_ += part.size();
  if (part.pinned() / 2 > part.size()) {
    small_.append(part.view());
    if (small_.size() >= kJoined) seal();
    return;
  }
  seal();
  kept_ += part.pinned();
  pieces_.push_back(std::move(part));
}

void ContentPieces::seal() {
  if (small_.empty()) return;
  pieces_.push_back(Bytes::copy_of(small_));
  kept_ += pieces_.back().pinned();
  small_.clear();
}

Message ContentPieces::take() {
  seal();
  std::string().swap(small_);
  size_ = 0;
  kept_ = 0;
  std::vector<Bytes> pieces = std::exchange(pieces_, {});
  if (pieces.empty()) return {};
  if (pieces.size() == 1) return Message(std::move(pieces.front()));
  return Message(std::move(pieces));
}

}  // namespace weft::edge
