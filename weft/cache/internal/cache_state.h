#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weft/base/catch_all.h"
#include "weft/base/fork_mutex.h"
#include "weft/base/function.h"
#include "weft/base/log.h"
#include "weft/base/result.h"
#include "weft/cache/internal/shard.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/latch.h"
#include "weft/net/loop/loop.h"

namespace weft::cache::internal {

/// Of the exception of a loader that is being handled; logs what it says.
Status thrown();
/// How many shards a cache of many loops has, a power of two.
std::size_t shards_for(std::uint64_t max_weight) noexcept;

/// What a cache and the loads that are under way share.
template <class Key, class Value, class Hash, class Mutex>
class CacheState : public std::enable_shared_from_this<CacheState<Key, Value, Hash, Mutex>> {
 public:
  class Flight;
  using Part = Shard<Key, Value, Flight, Mutex>;
  using Pointer = typename Part::Pointer;
  using Sought = typename Part::Sought;
  using Loader = UniqueFunction<Task<Result<Value>>(const Key&)>;
  using Weigher = UniqueFunction<std::uint32_t(const Key&, const Value&)>;

  CacheState(const CacheOptions& given, Loader load, Weigher weigh)
      : options(given),
        status(validate(given)),
        loader(std::move(load)),
        weigher(std::move(weigh)) {
    const std::uint64_t entries =
        weigher ? std::min(given.max_entries, given.max_weight) : given.max_weight;
    if (weigher && given.max_entries != 0) {
      least_weight_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
          given.max_weight / given.max_entries, 1, std::numeric_limits<std::uint32_t>::max()));
    }
    const std::size_t count = std::is_same_v<Mutex, NoMutex> ? 1 : shards_for(entries);
    for (std::size_t i = 0; i < count; ++i) {
      parts_.emplace_back(options, std::max<std::uint64_t>(1, given.max_weight / count),
                          std::max<std::uint64_t>(1, entries / count));
    }
  }

  Sought sought(const Key& key) const { return {.hash = Hash()(key), .key = key}; }
  Part& part_of(const Sought& sought) {
    // The highest bits of a product: the map uses the hash as it is.
    return parts_[((sought.hash * 0x9e3779b97f4a7c15U) >> 60U) & (parts_.size() - 1)];
  }
  std::deque<Part>& parts() noexcept { return parts_; }
  /// A load that has not begun; null where too many are under way.
  std::shared_ptr<Flight> make_flight(const Key& key, net::Loop& loop) {
    if (loads_.fetch_add(1, std::memory_order_relaxed) < options.max_loads) {
      return std::make_shared<Flight>(this->shared_from_this(), key, loop);
    }
    load_ended();
    return nullptr;
  }
  void load_ended() noexcept { loads_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t weight_of(const Key& key, const Value& value) {
    return weigher ? std::max(least_weight_, weigher(key, value)) : 1;
  }
  std::uint32_t weight_of_absence() const noexcept { return least_weight_; }

  const CacheOptions options;
  const Status status;
  Loader loader;
  Weigher weigher;

 private:
  std::uint32_t least_weight_ = 1;
  std::deque<Part> parts_;
  std::atomic<std::size_t> loads_{0};
};

/// A load that is under way, on the loop of the caller that began it. It keeps itself until its
/// end, whatever becomes of that caller.
template <class Key, class Value, class Hash, class Mutex>
class CacheState<Key, Value, Hash, Mutex>::Flight final
    : public std::enable_shared_from_this<Flight>,
      private net::LoopEndHook {
 public:
  Flight(std::shared_ptr<CacheState> state, const Key& key, net::Loop& loop)
      : state_(std::move(state)), key_(key), loop_(loop) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() = default;

  void begin() {
    self_ = this->shared_from_this();
    begun_ = loop_.now();
    context_.limit_deadline(after(begun_, state_->options.load_timeout));
    guard_.emplace(loop_, context_);
    loop_.at_loop_end(*this);
    task_.emplace(run(*state_, key_));
    task_->start(&context_, {.function = [](void* it) noexcept { static_cast<Flight*>(it)->end(); },
                             .argument = this});
  }
  bool is_parents() const noexcept { return loop_.anchor()->is_parents(); }
  /// It will not end: its loop is a parent's.
  void give_up() noexcept { state_->load_ended(); }
  static Task<Result<Pointer>> wait(std::shared_ptr<Flight> flight, net::Loop& loop) {
    if (co_await flight->latch_.wait(loop, kForever)) co_return flight->outcome_;
    Context* const context = co_await coro::CurrentContext();
    if (context != nullptr && context->is_cancelled()) co_return context->cancel_reason();
    co_return deadline_exceeded("the deadline passed while a value of the cache was loaded");
  }

 private:
  static Task<Result<Value>> run(CacheState& state, const Key& key) {
    co_return co_await state.loader(key);
  }
  void end() noexcept {
    std::optional<Result<Value>> result;
    catch_all([&] { result.emplace(task_->take()); }, [&] { result.emplace(thrown()); });
    finish(*std::move(result));
  }
  void on_loop_end() noexcept override {
    task_.reset();
    finish(unavailable("the loop that loaded a value of the cache has ended"));
  }
  struct Weighed {
    Pointer value;
    std::uint32_t weight = 0;
  };
  Result<Weighed> weigh(Result<Value> result) {
    if (!result.ok()) return result.status();
    Result<Weighed> weighed = Weighed{};
    catch_all(
        [&] {
          weighed->value = std::make_shared<const Value>(*std::move(result));
          weighed->weight = state_->weight_of(key_, *weighed->value);
        },
        [&] { weighed = thrown(); });
    return weighed;
  }
  void finish(Result<Value> result) noexcept {
    guard_.reset();
    const Sought sought = state_->sought(key_);
    Part& part = state_->part_of(sought);
    const TimePoint now = loop_.now();
    if (result.status().code() == StatusCode::NotFound) {
      outcome_ = result.status();
      part.loaded(*this, sought, nullptr, state_->weight_of_absence(),
                  times_of_absence(state_->options, now, loop_.rng()),
                  state_->options.absent_ttl > Duration(0));
    } else if (Result<Weighed> weighed = weigh(std::move(result)); weighed.ok()) {
      outcome_ = weighed->value;
      part.loaded(*this, sought, std::move(weighed->value), weighed->weight,
                  times_of_value(state_->options, now, now - begun_), true);
    } else {
      Pointer instead = part.failed(*this, sought, now);
      outcome_ = instead != nullptr ? Result<Pointer>(std::move(instead)) : weighed.status();
    }
    state_->load_ended();
    net::LoopEndHook::unlink();
    const std::shared_ptr<Flight> kept = std::move(self_);
    latch_.open();
  }

  const std::shared_ptr<CacheState> state_;
  const Key key_;
  net::Loop& loop_;
  TimePoint begun_{};
  Context context_;
  std::optional<net::DeadlineGuard> guard_;
  std::optional<Task<Result<Value>>> task_;
  net::Latch latch_;
  Result<Pointer> outcome_ = unavailable("the load has not ended");
  std::shared_ptr<Flight> self_;
};

}  // namespace weft::cache::internal
