#pragma once

#include <cstddef>
#include <cstring>

namespace weft {
namespace internal {

/// Copies the first and the last kSize bytes, which overlap.
template <std::size_t kSize>
void copy_ends(char* to, const char* from, std::size_t size) noexcept {
  std::memcpy(to, from, kSize);
  std::memcpy(to + size - kSize, from + size - kSize, kSize);
}

}  // namespace internal

/// memcpy() of what is mostly short, such as names and values of header fields: up to 64 bytes are
/// a few instructions without a call. `from` may be null where `size` is 0.
inline void copy_text(void* to, const void* from, std::size_t size) noexcept {
  auto* const out = static_cast<char*>(to);
  const auto* const in = static_cast<const char*>(from);
  if (size >= 16) {
    if (size > 64) {
      std::memcpy(out, in, size);
      return;
    }
    if (size > 32) internal::copy_ends<16>(out + 16, in + 16, size - 32);
    internal::copy_ends<16>(out, in, size);
  } else if (size >= 8) {
    internal::copy_ends<8>(out, in, size);
  } else if (size >= 4) {
    internal::copy_ends<4>(out, in, size);
  } else if (size >= 2) {
    internal::copy_ends<2>(out, in, size);
  } else if (size == 1) {
    *out = *in;
  }
}

}  // namespace weft
