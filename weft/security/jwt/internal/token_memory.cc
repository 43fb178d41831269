#include "weft/security/jwt/internal/token_memory.h"

#include <utility>

namespace weft::security::internal {

TokenMemory::TokenMemory(std::size_t capacity) : capacity_(capacity) {}

const KnownToken* TokenMemory::find(std::string_view token) noexcept {
  if (nodes_.empty()) return nullptr;
  const auto at = nodes_.find(hash_(token));
  if (at == nodes_.end() || at->second->token != token) return nullptr;
  Node& node = *at->second;
  node.unlink();
  order_.push_back(node);
  return &node.known;
}

void TokenMemory::put(std::string_view token, KnownToken known) {
  if (capacity_ == 0) return;
  const std::uint64_t hash = hash_(token);
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
  const auto at = nodes_.find(hash_(token));
  if (at != nodes_.end() && at->second->token == token) nodes_.erase(at);
}

}  // namespace weft::security::internal
