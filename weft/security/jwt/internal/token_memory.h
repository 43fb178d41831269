#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "weft/base/intrusive_list.h"
#include "weft/base/time.h"
#include "weft/rpc/call/principal.h"
#include "weft/security/internal/token_hash.h"
#include "weft/security/jwt/jwk_set.h"

namespace weft::security::internal {

using WallTime = std::chrono::system_clock::time_point;

/// What a verified token said, as long as that holds.
struct KnownToken {
  std::size_t issuer = 0;                ///< its place in JwtOptions::issuers
  std::shared_ptr<const JwkSet> keys{};  ///< that it was verified with
  WallTime from{};                       ///< the beginning of the token
  TimePoint held_until = kNever;         ///< by the loop's clock
  WallTime until{};                      ///< the end of the token
  std::shared_ptr<const Principal> principal{};
};

/// Tokens that were verified, at most so many: for one more, the one that was not asked for longest
/// goes. Found by a hash with a key of its own, and compared as a whole. For one loop.
class TokenMemory {
 public:
  explicit TokenMemory(std::size_t capacity);

  /// Null where it is not known. Valid until the next put() or erase().
  const KnownToken* find(std::string_view token) noexcept;
  void put(std::string_view token, KnownToken known);
  void erase(std::string_view token) noexcept;
  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Node : ListNode {
    std::uint64_t hash = 0;
    std::string token;
    KnownToken known;
  };
  /// The hash is the key.
  struct AsItIs {
    std::size_t operator()(std::uint64_t hash) const noexcept { return hash; }
  };

  const std::size_t capacity_;
  /// Not for secrets' sake: a token that only collides is compared, and is another one.
  const TokenHash hash_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Node>, AsItIs> nodes_;
  IntrusiveList<Node> order_;  // the one used last is at the end
};

}  // namespace weft::security::internal
