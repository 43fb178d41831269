#include "weft/net/socket/prefix_stream.h"

#include <algorithm>
#include <cstring>

namespace weft::net {

IoResult PrefixStream::read(std::span<char> into) noexcept {
  if (prefix_.empty()) return inner_->read(into);
  const std::size_t size = std::min(into.size(), prefix_.size());
  if (size == 0) return {};
  std::memcpy(into.data(), prefix_.data(), size);
  prefix_.erase(0, size);
  if (prefix_.empty()) std::string().swap(prefix_);
  return {.kind = IoResult::Kind::Done, .size = size, .error = {}};
}

void PrefixStream::want_read() noexcept {
  if (prefix_.empty()) {
    inner_->want_read();
  } else if (!later_.armed()) {
    loop_.arm(later_, loop_.now());
  }
}

void PrefixStream::leave() noexcept {
  handler_ = nullptr;
  prefix_.clear();
  later_.cancel();
}

void PrefixStream::close() noexcept {
  leave();
  inner_->close();
}

void PrefixStream::abort() noexcept {
  leave();
  inner_->abort();
}

}  // namespace weft::net
