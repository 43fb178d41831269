#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace weft::fuzz {

/// What must hold for every input; the text says what did not.
inline void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

/// The fuzzer's bytes as decisions, taken from the front. Used up, it says 0 and empty for ever, so
/// that every input is a whole script.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) noexcept : left_(data, size) {}

  bool empty() const noexcept { return left_.empty(); }
  std::size_t size() const noexcept { return left_.size(); }

  std::uint8_t u8() noexcept {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  std::uint32_t u16() noexcept {
    const std::uint32_t high = u8();
    return high << 8 | u8();
  }
  std::uint32_t u32() noexcept {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  /// 0 to n - 1; n from 1 to 256.
  std::size_t below(std::size_t n) noexcept { return u8() % n; }
  bool flip() noexcept { return (u8() & 1) != 0; }
  /// True once in n.
  bool rarely(std::size_t n) noexcept { return below(n) == n - 1; }
  template <class T, std::size_t n>
  const T& one_of(const T (&choices)[n]) noexcept {
    return choices[below(n)];
  }
  /// A byte of length and as many bytes, or what is left.
  std::string_view text() noexcept { return take(u8()); }
  std::string_view take(std::size_t n) noexcept {
    n = std::min(n, left_.size());
    const std::string_view view(reinterpret_cast<const char*>(left_.data()), n);
    left_ = left_.subspan(n);
    return view;
  }
  std::string_view rest() noexcept { return take(left_.size()); }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace weft::fuzz
