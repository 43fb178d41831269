#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weft {

/// Sixteen characters that are looked at together, as the compiler's vectors: arithmetic and
/// comparisons are those of each character, unsigned.
struct Characters {
  using Vector = unsigned char __attribute__((vector_size(16)));
  static constexpr std::size_t kSize = sizeof(Vector);

  static Vector at(const char* from) noexcept {
    Vector loaded;
    std::memcpy(&loaded, from, kSize);
    return loaded;
  }
  /// Of a text of 1 to 15 characters; some come more than once.
  static Vector of(const char* from, std::size_t size) noexcept {
    std::uint64_t halves[2];
    if (size >= 8) {
      std::memcpy(&halves[0], from, 8);
      std::memcpy(&halves[1], from + size - 8, 8);
    } else if (size >= 4) {
      std::uint32_t quarters[2];
      std::memcpy(&quarters[0], from, 4);
      std::memcpy(&quarters[1], from + size - 4, 4);
      halves[0] = halves[1] = std::uint64_t{quarters[0]} << 32 | quarters[1];
    } else {
      const auto character = [from](std::size_t i) {
        return std::uint64_t{static_cast<unsigned char>(from[i])};
      };
      halves[0] =
          character(0) * 0x0101010101010000 | character(size / 2) << 8 | character(size - 1);
      halves[1] = halves[0];
    }
    Vector loaded;
    std::memcpy(&loaded, halves, kSize);
    return loaded;
  }
};

/// Whether all characters of `text` are from kFirst to kLast.
template <unsigned char kFirst, unsigned char kLast>
bool all_between(std::string_view text) noexcept {
  using Vector = Characters::Vector;
  constexpr std::size_t kSize = Characters::kSize;
  const auto distance = [](const char* from) -> Vector { return Characters::at(from) - kFirst; };
  const auto larger = [](Vector a, Vector b) -> Vector { return a > b ? a : b; };
  const char* at = text.data();
  std::size_t left = text.size();
  if (left == 0) return true;
  // The last ones of a longer text are looked at with some of those before them.
  Vector farthest = left < kSize ? Characters::of(at, left) - kFirst : distance(at + left - kSize);
  // Four at a time, since tokens have hundreds.
  for (; left >= 4 * kSize; left -= 4 * kSize, at += 4 * kSize) {
    const Vector two = larger(distance(at), distance(at + kSize));
    farthest =
        larger(farthest, larger(two, larger(distance(at + 2 * kSize), distance(at + 3 * kSize))));
  }
  for (; left >= kSize; left -= kSize, at += kSize) farthest = larger(farthest, distance(at));
  constexpr unsigned char kFarthest = kLast - kFirst;
  const auto beyond = std::bit_cast<Vector>(farthest > kFarthest);
  std::uint64_t halves[2];
  std::memcpy(halves, &beyond, sizeof(halves));
  return (halves[0] | halves[1]) == 0;
}

/// Whether `is`, a function of a Characters::Vector whose result is not zero for some characters,
/// finds one of them in `text`.
template <class Is>
bool has_character(std::string_view text, Is is) noexcept {
  using Vector = Characters::Vector;
  const char* at = text.data();
  std::size_t left = text.size();
  if (left == 0) return false;
  Vector found{};
  for (; left >= Characters::kSize; left -= Characters::kSize, at += Characters::kSize) {
    found |= std::bit_cast<Vector>(is(Characters::at(at)));
  }
  if (left != 0) {
    // The last ones of a longer text are looked at with some of those before them.
    const Vector rest = left == text.size() ? Characters::of(at, left)
                                            : Characters::at(at + left - Characters::kSize);
    found |= std::bit_cast<Vector>(is(rest));
  }
  std::uint64_t halves[2];
  std::memcpy(halves, &found, sizeof(halves));
  return (halves[0] | halves[1]) != 0;
}

}  // namespace weft
