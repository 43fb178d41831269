#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/result.h"
#include "weft/cache/cache_options.h"
#include "weft/cache/internal/cache_state.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"

namespace weft {

/// Values by keys, loaded when they are asked for, in the memory of this process:
///
///     Cache<std::string, Price> prices{{.max_weight = 10'000, .ttl = 30s}, load_price};
///     Result<std::shared_ptr<const Price>> price = co_await prices.get(article);
///
/// `load_price(const std::string&)` is a coroutine that gives a Result<Price>; NOT_FOUND says that
/// there is none, which is kept for a while as well. However many callers ask for a missing key at
/// the same time, one load is made, on the loop of the first. It does not have that caller's
/// deadline, but CacheOptions::load_timeout, and goes on where the caller leaves. A value that
/// changes while it is loaded (put(), erase(), clear()) is not overwritten by what was loaded.
///
/// `Mutex`: ForkMutex for the coroutines of all loops, or NoMutex for those of one (LocalCache).
/// The loader must be callable on all of these at the same time, and until the last load has ended,
/// which may be after the cache is gone. `Hash` must not be for strangers to foresee where they
/// choose the keys.
template <class Key, class Value, class Hash = std::hash<Key>, class Mutex = ForkMutex>
class Cache {
  using State = cache::internal::CacheState<Key, Value, Hash, Mutex>;

 public:
  using Pointer = std::shared_ptr<const Value>;
  using Loader = typename State::Loader;
  /// What an entry counts of CacheOptions::max_weight. A value that is heavier than a sixteenth of
  /// that may not be kept; in a LocalCache, than all but a hundredth. An entry whose weigher throws
  /// counts as a load that failed.
  using Weigher = typename State::Weigher;

  Cache(const CacheOptions& options, Loader loader, Weigher weigher = {})
      : state_(std::make_shared<State>(options, std::move(loader), std::move(weigher))) {}

  /// The value; NOT_FOUND where there is none; what the load failed with; RESOURCE_EXHAUSTED where
  /// max_loads are under way; INVALID_ARGUMENT where the options cannot be followed. For coroutines
  /// on a loop; a value that is there is given without a coroutine. The key is not used beyond this
  /// function.
  [[nodiscard]] Task<Result<Pointer>> get(const Key& key) {
    net::Loop* const loop = net::Loop::current();
    if (loop == nullptr) {
      return Result<Pointer>(failed_precondition("Cache::get() is for coroutines on a loop"));
    }
    if (!state_->status.ok()) return Result<Pointer>(state_->status);
    const typename State::Sought sought = state_->sought(key);
    auto found = state_->part_of(sought).look_up(sought, loop->now(), loop->rng(),
                                                 [&] { return state_->make_flight(key, *loop); });
    if (found.begins) found.flight->begin();
    if (found.value != nullptr) return Result<Pointer>(std::move(found.value));
    if (found.is_absent) return Result<Pointer>(not_found("the cache knows that there is none"));
    if (found.is_refused) {
      return Result<Pointer>(resource_exhausted(
          std::to_string(state_->options.max_loads) +
          " loads of the cache are under way, which is CacheOptions::max_loads"));
    }
    return State::Flight::wait(std::move(found.flight), *loop);
  }
  /// The value, where it is there and fresh; else null.
  Pointer peek(const Key& key) const {
    const typename State::Sought sought = state_->sought(key);
    return state_->part_of(sought).peek(sought, now());
  }

  /// The value from now on. This and what follows may be called anywhere.
  void put(const Key& key, Value value) {
    auto kept = std::make_shared<const Value>(std::move(value));
    const typename State::Sought sought = state_->sought(key);
    const std::uint32_t weight = state_->weight_of(key, *kept);
    state_->part_of(sought).put(
        sought, std::move(kept), weight,
        cache::internal::times_of_value(state_->options, now(), Duration(0)));
  }
  /// Has the next get() load the value. Who waits for a load already gets what that finds.
  void erase(const Key& key) {
    const typename State::Sought sought = state_->sought(key);
    state_->part_of(sought).erase(sought);
  }
  /// erase() of all keys.
  void clear() {
    for (auto& part : state_->parts()) part.clear();
  }

  CacheStats stats() const {
    CacheStats all;
    for (const auto& part : state_->parts()) all += part.stats();
    return all;
  }

 private:
  static TimePoint now() {
    net::Loop* const loop = net::Loop::current();
    return loop != nullptr ? loop->now() : std::chrono::steady_clock::now();
  }

  const std::shared_ptr<State> state_;
};

/// A Cache for the coroutines of one loop, which locks nothing.
template <class Key, class Value, class Hash = std::hash<Key>>
using LocalCache = Cache<Key, Value, Hash, cache::internal::NoMutex>;

}  // namespace weft
