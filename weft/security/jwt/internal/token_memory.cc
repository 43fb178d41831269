#include "weft/security/jwt/internal/token_memory.h"

#include <cstring>
#include <random>
#include <utility>

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

TokenMemory::TokenMemory(std::size_t capacity)
    : capacity_(capacity), keys_{random_word() | 1, random_word() | 1} {}

/// Not for secrets' sake: a token that only collides is compared, and is another one.
std::uint64_t TokenMemory::hash_of(std::string_view token) const noexcept {
  std::uint64_t hash = keys_[0] ^ token.size();
  const char* at = token.data();
  std::size_t left = token.size();
  for (; left >= 2 * kWord; left -= 2 * kWord, at += 2 * kWord) {
    hash = folded(hash ^ word(at, kWord), keys_[1] ^ word(at + kWord, kWord));
  }
  const std::size_t first = left < kWord ? left : kWord;
  return folded(hash ^ word(at, first), keys_[1] ^ word(at + first, left - first));
}

const KnownToken* TokenMemory::find(std::string_view token) noexcept {
  if (nodes_.empty()) return nullptr;
  const auto at = nodes_.find(hash_of(token));
  if (at == nodes_.end() || at->second->token != token) return nullptr;
  Node& node = *at->second;
  node.unlink();
  order_.push_back(node);
  return &node.known;
}

void TokenMemory::put(std::string_view token, KnownToken known) {
  if (capacity_ == 0) return;
  const std::uint64_t hash = hash_of(token);
  nodes_.erase(hash);
  if (nodes_.size() >= capacity_) nodes_.erase(order_.front().hash);
  auto node = std::make_unique<Node>();
  node->hash = hash;
  node->token = token;
  node->known = std::move(known);
  order_.push_back(*node);
  nodes_.emplace(hash, std::move(node));
}

void TokenMemory::erase(std::string_view token) noexcept {
  const auto at = nodes_.find(hash_of(token));
  if (at != nodes_.end() && at->second->token == token) nodes_.erase(at);
}

}  // namespace weft::security::internal
