#include "weft/security/jwt/internal/key_store.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/base/text/printable.h"
#include "weft/net/loop/awaited.h"

namespace weft::security::internal {
namespace {

constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLongestRetry = std::chrono::minutes(1);
constexpr unsigned kMostDoublings = 6;
constexpr std::size_t kMostWaiters = 1000;

}  // namespace

Status KeyStore::health() const {
  const std::scoped_lock lock(mutex_);
  return health_;
}

std::shared_ptr<net::Latch> KeyStore::fetch_soon(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (loop_ == nullptr) return nullptr;
  if (loop_->is_parents()) return nullptr;
  if (fetching_ || next_ != nullptr) {
    // The latch keeps something of each that waits.
    if (++waiters_ > kMostWaiters) return nullptr;
    if (next_ == nullptr) next_ = std::make_shared<net::Latch>();
    return next_;
  }
  if (fetched_once_ && now - last_ < options_.min_refetch) return nullptr;
  if (!loop_->post([weak = weak_from_this()] {
        if (const std::shared_ptr<KeyStore> self = weak.lock()) self->wake();
      })) {
    return nullptr;
  }
  next_ = std::make_shared<net::Latch>();
  return next_;
}

void KeyStore::wake() {
  if (waiting_ != nullptr) waiting_->complete();
}

Task<> KeyStore::run(KeysReader read) {
  net::Loop& loop = *loop_->loop();
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      fetching_ = true;
    }
    Result<std::string> text = resource_exhausted("no memory is left for the keys");
    try {
      text = co_await read();
      fetched(take(text), loop.now());
    } catch (...) {
      fetched(resource_exhausted("no memory is left for the keys"), loop.now());
    }
    net::Wait wait(loop, loop.now() + pause());
    const net::Awaited awaited(waiting_, wait);
    const Status ended = co_await wait;
    if (!ended.ok()) co_return;
  }
}

void KeyStore::fetched(const Status& outcome, TimePoint now) {
  if (!outcome.ok() && failures_++ == 0) {
    log(LogLevel::Warn, "the keys of " + name_ + " could not be read, the ones before stay: " +
                            printable(outcome.message()));
  } else if (outcome.ok() && std::exchange(failures_, 0) != 0) {
    log(LogLevel::Info, "the keys of " + name_ + " can be read again");
  }
  std::shared_ptr<net::Latch> waited_for;
  {
    const std::scoped_lock lock(mutex_);
    waited_for = std::exchange(next_, nullptr);
    waiters_ = 0;
    fetching_ = false;
    fetched_once_ = true;
    last_ = now;
    health_ = outcome;
  }
  if (waited_for != nullptr) waited_for->open();
}

Status KeyStore::take(const Result<std::string>& text) {
  if (!text.ok()) return text.status();
  if (text_ == *text) return {};
  std::vector<std::string> passed_over;
  Result<JwkSet> keys = JwkSet::parse(*text, {.of = options_.of, .passed_over = &passed_over});
  say_passed_over(passed_over);
  // A set that is broken as a whole does not take the keys away that there are, nor does one of
  // which no key counts.
  if (!keys.ok()) return std::move(keys).status();
  set(*std::move(keys));
  text_ = *text;
  return {};
}

void KeyStore::say_passed_over(const std::vector<std::string>& problems) const {
  static LogOnce once;
  for (const std::string& problem : problems) {
    if (!once.is_new(name_ + problem)) continue;
    log(LogLevel::Warn, "a key of " + printable(name_) + " is passed over: " + printable(problem));
  }
}

Duration KeyStore::pause() {
  if (failures_ == 0) return options_.refresh;
  const Duration retry = kFirstRetry * (1U << std::min(failures_ - 1, kMostDoublings));
  return std::min({retry, kLongestRetry, options_.refresh});
}

}  // namespace weft::security::internal
