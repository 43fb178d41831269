#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/fork_mutex.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/net/loop/latch.h"
#include "weft/net/loop/snapshot.h"
#include "weft/security/credentials/credential_source.h"

namespace weft::security::internal {

struct TokenCacheOptions {
  std::string name;  ///< where the token comes from, for the log and for errors
  /// A token is not used any more this long before its end, and fetched again twice as long before;
  /// but `early` is no more than this share of its lifetime.
  Duration early = std::chrono::seconds(30);
  double most_of_lifetime = 0.25;
  /// What time it is; empty: the system's clock. For tests.
  std::function<std::chrono::system_clock::time_point()> now{};
};

/// OK if `value` may stand in a field of metadata: visible ASCII, 16 KiB at most. The message says
/// where it is wrong, and not what it is.
Status check_token(std::string_view value);

/// The token of a channel, or of several: fetched on the loop of the call that first needs it, by
/// one fetch at a time, and read by every loop without a lock. The clocks of the wall and of the
/// loop both end it, so that a clock that is set back lets no token live longer.
class TokenCache : public std::enable_shared_from_this<TokenCache> {
 public:
  TokenCache(TokenCacheOptions options, TokenFetch fetch)
      : options_(std::move(options)), fetch_(std::move(fetch)) {}

  /// "Bearer " and the token; at once where one is held.
  Task<Result<CredentialRef>> get(net::Loop& loop);

 private:
  using WallTime = std::chrono::system_clock::time_point;
  /// Once `now` reaches one of the two.
  struct End {
    TimePoint time = kNever;
    WallTime wall = WallTime::max();
  };
  struct Held {
    std::string value;
    End refresh;
    End use;
  };
  /// One fetch, for those that wait for it.
  struct Round {
    explicit Round(std::shared_ptr<net::LoopAnchor> on) : loop(std::move(on)) {}
    const std::shared_ptr<net::LoopAnchor> loop;
    net::Latch ended;
    Result<CredentialRef> outcome{nullptr};  // not touched any more once it has ended
    std::size_t waiters = 0;                 // guarded by the cache's mutex
  };
  class Fetching;
  enum class Need : std::uint8_t { Now, Soon };

  bool reached(const End& end, TimePoint time, WallTime wall) const noexcept {
    return time >= end.time || wall >= end.wall;
  }
  WallTime wall() const { return options_.now ? options_.now() : std::chrono::system_clock::now(); }
  Result<std::shared_ptr<Round>> begin(net::Loop& loop, Need need);
  static Task<Result<CredentialRef>> wait(std::shared_ptr<Round> round, net::Loop& loop);
  void finish(Round& round, Result<AccessToken> fetched, TimePoint begun, TimePoint now);
  Result<std::shared_ptr<const Held>> held_of(AccessToken token, TimePoint begun,
                                              TimePoint now) const;
  Status failure(const Status& why) const;

  const TokenCacheOptions options_;
  const TokenFetch fetch_;
  net::Snapshot<Held> held_;

  ForkMutex mutex_;               // of what follows
  std::shared_ptr<Round> round_;  // the one that runs
  TimePoint not_before_{};        // for the next
  unsigned failures_ = 0;         // in a row
  Status failure_;
};

}  // namespace weft::security::internal
