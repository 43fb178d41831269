#include "weft/security/credentials/internal/token_cache.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/text/printable.h"
#include "weft/net/loop/timer.h"

namespace weft::security::internal {
namespace {

constexpr std::size_t kMostTokenBytes = 16 * 1024;
/// Calls that wait for one fetch: the latch keeps something of each.
constexpr std::size_t kMostWaiters = 10'000;
constexpr Duration kFetchTimeout = std::chrono::seconds(10);
constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLongestRetry = std::chrono::minutes(1);
constexpr unsigned kMostDoublings = 6;
/// Between fetches in the background, however short tokens live.
constexpr Duration kLeastPause = std::chrono::seconds(1);
/// No token is held longer: a sum with more has no place in a time.
constexpr Duration kFar = std::chrono::hours(24 * 365 * 100);

}  // namespace

Status check_token(std::string_view value) {
  if (value.empty()) return unauthenticated("the token is empty");
  if (value.size() > kMostTokenBytes) {
    return unauthenticated("the token has " + std::to_string(value.size()) +
                           " bytes; the limit is " + std::to_string(kMostTokenBytes));
  }
  const auto wrong =
      std::find_if(value.begin(), value.end(), [](char c) { return c <= ' ' || c > '~'; });
  if (wrong == value.end()) return {};
  return unauthenticated("the token has a blank, a control character or a byte beyond ASCII at " +
                         std::to_string(wrong - value.begin()) + ", which no token has");
}

/// A fetch on its loop; owns itself, and ends with the fetch, its limit or the loop.
class TokenCache::Fetching final : private net::LoopEndHook, private net::Timer {
 public:
  static void start(std::shared_ptr<TokenCache> cache, std::shared_ptr<Round> round,
                    net::Loop& loop) {
    std::unique_ptr<Fetching> fetching(new Fetching(std::move(cache), std::move(round), loop));
    loop.at_loop_end(*fetching);
    loop.arm(*fetching, after(loop.now(), kFetchTimeout));
    Fetching* const self = fetching.release();
    self->task_.start(&self->context_,
                      {.function = [](void* it) noexcept { static_cast<Fetching*>(it)->done(); },
                       .argument = self});
  }

 private:
  Fetching(std::shared_ptr<TokenCache> cache, std::shared_ptr<Round> round, net::Loop& loop)
      : Timer(&Fetching::too_late),
        cache_(std::move(cache)),
        round_(std::move(round)),
        loop_(loop),
        begun_(loop.now()),
        task_(fetch(cache_->fetch_)) {}

  /// The function may throw before it gives a task: that, too, is for done().
  static Task<Result<AccessToken>> fetch(const TokenFetch& function) {
    co_return co_await function();
  }
  void done() noexcept {
    Result<AccessToken> fetched = unavailable("the function that fetches it has thrown");
    try {
      fetched = task_.take();
    } catch (...) {
      // Its text is the function's own affair, and may hold the token.
    }
    end(std::move(fetched));
  }
  static void too_late(net::Timer& timer) noexcept {
    static_cast<Fetching&>(timer).end(unavailable("no token within " + to_string(kFetchTimeout)));
  }
  void on_loop_end() noexcept override { end(unavailable("the loop that fetched it has ended")); }
  void end(Result<AccessToken> fetched) noexcept {
    const std::unique_ptr<Fetching> self(this);
    cache_->finish(*round_, std::move(fetched), begun_, loop_.now());
  }

  const std::shared_ptr<TokenCache> cache_;
  const std::shared_ptr<Round> round_;
  net::Loop& loop_;
  const TimePoint begun_;
  Context context_;
  Task<Result<AccessToken>> task_;
};

Task<Result<CredentialRef>> TokenCache::get(net::Loop& loop) {
  if (!fetch_) {
    return Result<CredentialRef>(
        failed_precondition(options_.name + ": it is empty, and gets no token"));
  }
  if (const std::shared_ptr<const Held>& held = held_.of(loop)) {
    const TimePoint time = loop.now();
    const WallTime wall = this->wall();
    if (!reached(held->use, time, wall)) [[likely]] {
      CredentialRef value(held, &held->value);
      if (reached(held->refresh, time, wall)) static_cast<void>(begin(loop, Need::Soon));
      return Result<CredentialRef>(std::move(value));
    }
  }
  Result<std::shared_ptr<Round>> round = begin(loop, Need::Now);
  if (!round.ok()) return Result<CredentialRef>(std::move(round).status());
  return wait(*std::move(round), loop);
}

/// Waits no longer than the call's context lasts.
Task<Result<CredentialRef>> TokenCache::wait(std::shared_ptr<Round> round, net::Loop& loop) {
  const Context* const context = co_await current_context();
  if (co_await round->ended.wait(loop, kFetchTimeout + kFirstRetry)) co_return round->outcome;
  if (context != nullptr && context->is_cancelled()) co_return context->cancel_reason();
  co_return unavailable("no token for the call came in time");
}

/// The fetch that runs, or a new one. While the last failure is recent, that; null where the token
/// there is will do.
Result<std::shared_ptr<TokenCache::Round>> TokenCache::begin(net::Loop& loop, Need need) {
  std::shared_ptr<Round> round;
  {
    const std::scoped_lock lock(mutex_);
    // In a child of fork() a fetch of the parent's goes on nowhere.
    if (round_ != nullptr && round_->loop->is_parents()) round_ = nullptr;
    if (round_ != nullptr) {
      if (need == Need::Now && ++round_->waiters > kMostWaiters) {
        return resource_exhausted(std::to_string(kMostWaiters) +
                                  " calls wait for a token already, which is the limit");
      }
      return round_;
    }
    if (loop.now() < not_before_) {
      if (need == Need::Soon) return std::shared_ptr<Round>();
      if (failures_ != 0) return failure_;
    }
    round_ = std::make_shared<Round>(loop.anchor());
    round = round_;
  }
  try {
    Fetching::start(shared_from_this(), round, loop);
  } catch (...) {
    // Else the round would never end, and no other begin.
    finish(*round, unavailable("no memory is left to fetch it"), loop.now(), loop.now());
  }
  return round;
}

void TokenCache::finish(Round& round, Result<AccessToken> fetched, TimePoint begun, TimePoint now) {
  Result<std::shared_ptr<const Held>> held =
      fetched.ok() ? held_of(*std::move(fetched), begun, now)
                   : Result<std::shared_ptr<const Held>>(std::move(fetched).status());
  if (held.ok()) {
    round.outcome = CredentialRef(*held, &(*held)->value);
    held_.set(*held);
  } else {
    round.outcome = failure(held.status());
  }
  unsigned failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    failures = failures_;
    failures_ = held.ok() ? 0 : failures_ + 1;
    const Duration retry = kFirstRetry * (1U << std::min(failures, kMostDoublings));
    not_before_ = now + (held.ok() ? kLeastPause : std::min(retry, kLongestRetry));
    failure_ = round.outcome.status();
    if (round_.get() == &round) round_ = nullptr;
  }
  if (!held.ok() && failures == 0) {
    log(LogLevel::Warn, "no new token: " + printable(round.outcome.status().message()));
  } else if (held.ok() && failures != 0) {
    log(LogLevel::Info, "there are new tokens again from " + printable(options_.name));
  }
  round.ended.open();
}

Result<std::shared_ptr<const TokenCache::Held>> TokenCache::held_of(AccessToken token,
                                                                    TimePoint begun,
                                                                    TimePoint now) const {
  Status checked = check_token(token.text);
  if (!checked.ok()) return checked;
  const WallTime wall = this->wall();
  Duration left = kForever;
  if (token.lifetime != kForever) {
    left = std::clamp(token.lifetime, Duration::zero(), kFar) - (now - begun);
  }
  if (token.expires) {
    left = std::min<Duration>(left, std::clamp(*token.expires, wall, wall + kFar) - wall);
  }
  auto held =
      std::make_shared<Held>(Held{.value = "Bearer " + token.text, .refresh = {}, .use = {}});
  if (left == kForever) {
    held->use.time = now;  // it says nothing of its end
    return std::shared_ptr<const Held>(std::move(held));
  }
  const Duration early =
      std::min(options_.early, scaled(std::max(left, Duration::zero()), options_.most_of_lifetime));
  if (left <= early) {
    return unavailable(left <= Duration::zero()
                           ? "the token has expired"
                           : "the token expires in " + to_string(left) + ", which is too soon");
  }
  const auto at = [&](Duration from_now) {
    return End{.time = after(now, from_now),
               .wall = wall + std::chrono::duration_cast<WallTime::duration>(from_now)};
  };
  held->use = at(left - early);
  held->refresh = at(left - 2 * early);
  return std::shared_ptr<const Held>(std::move(held));
}

/// As calls get it: they may be repeated where the way to the token is broken (gRFC A97).
Status TokenCache::failure(const Status& why) const {
  const std::string message =
      options_.name + ": no token for the call: " + std::string(why.message());
  return why.code() == StatusCode::Unauthenticated ? unauthenticated(message)
                                                   : unavailable(message);
}

}  // namespace weft::security::internal
