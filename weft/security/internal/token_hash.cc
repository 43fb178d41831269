#include "weft/security/internal/token_hash.h"

#include <cstring>
#include <random>

namespace weft::security::internal {
namespace {

/// Both halves of the product, one upon the other: mixes two words well at the price of one
/// multiplication (the idea of wyhash and its like).
std::uint64_t folded(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word(const char* at, std::size_t size) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, at, size);
  return value;
}

std::uint64_t random_word() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32) | random();
}

constexpr std::size_t kWord = sizeof(std::uint64_t);

}  // namespace

TokenHash::TokenHash() : keys_{random_word() | 1, random_word() | 1} {}

std::size_t TokenHash::operator()(std::string_view text) const noexcept {
  std::uint64_t hash = keys_[0] ^ text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 2 * kWord; left -= 2 * kWord, at += 2 * kWord) {
    hash = folded(hash ^ word(at, kWord), keys_[1] ^ word(at + kWord, kWord));
  }
  const std::size_t first = left < kWord ? left : kWord;
  return folded(hash ^ word(at, first), keys_[1] ^ word(at + first, left - first));
}

}  // namespace weft::security::internal
