#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/cache/cache_options.h"
#include "weft/cache/internal/entry_times.h"
#include "weft/cache/internal/tiny_lfu.h"

namespace weft::cache::internal {

/// In the place of a mutex for a cache of one loop.
struct NoMutex {
  void lock() noexcept {}
  void unlock() noexcept {}
};

/// A part of a cache: entries, and the loads that are under way (`Flight`). Its functions lock.
template <class Key, class Value, class Flight, class Mutex>
class Shard {
 public:
  using Pointer = std::shared_ptr<const Value>;
  using FlightPointer = std::shared_ptr<Flight>;

  struct Sought {
    std::uint64_t hash;
    const Key& key;
  };
  struct Stored {
    std::uint64_t hash;
    Key key;
  };
  /// What a caller gets: a value, that there is none, or a load to wait for; and perhaps a load
  /// that it has to begin.
  struct Found {
    Pointer value;
    bool is_absent = false;
    bool is_refused = false;
    bool begins = false;
    FlightPointer flight;
  };

  /// `most_entries`: about how many of them weigh that much.
  Shard(const CacheOptions& options, std::uint64_t max_weight, std::uint64_t most_entries)
      : options_(options), policy_(max_weight, most_entries) {}

  /// `make_flight()` makes a load that has not begun; null where there are too many.
  template <class MakeFlight>
  Found look_up(const Sought& sought, TimePoint now, Rng& rng, MakeFlight&& make_flight) {
    const std::lock_guard lock(mutex_);
    Found found;
    const auto entry = entries_.find(sought);
    const Use use = entry == entries_.end() ? Use::None
                                            : use_of(entry->second.times, options_,
                                                     entry->second.value == nullptr, now, rng);
    if (use != Use::None) {
      policy_.hit(entry->second.index);
      found.value = entry->second.value;
      found.is_absent = found.value == nullptr;
      ++stats_.hits;
      if (use == Use::Stale || use == Use::Waiting) ++stats_.stale;
      if (use == Use::Fresh || use == Use::Waiting || flight_of(sought) != nullptr) return found;
    } else {
      ++stats_.misses;
      found.flight = flight_of(sought);
      if (found.flight != nullptr) return found;
    }
    begin_load(sought, found, make_flight);
    return found;
  }

  /// The value, where it is fresh. Counts nothing.
  Pointer peek(const Sought& sought, TimePoint now) const {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(sought);
    if (entry == entries_.end() || now >= entry->second.times.fresh_until) return nullptr;
    return entry->second.value;
  }

  /// Null: the key has no value. A load that is under way does not change it any more.
  void put(const Sought& sought, Pointer value, std::uint32_t weight, const EntryTimes& times) {
    std::vector<Pointer> gone;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    forget_flight(sought);
    store(sought, std::move(value), weight, times, gone);
  }

  void erase(const Sought& sought) {
    Pointer gone;
    const std::lock_guard lock(mutex_);
    forget_flight(sought);
    const auto entry = entries_.find(sought);
    if (entry == entries_.end()) return;
    gone = std::move(entry->second.value);
    policy_.remove(entry->second.index);
    remove(entry);
  }

  void clear() {
    std::vector<Pointer> gone;
    const std::lock_guard lock(mutex_);
    stats_.voided += flights_.size();
    flights_.clear();
    while (!entries_.empty()) {
      const auto entry = entries_.begin();
      gone.push_back(std::move(entry->second.value));
      policy_.remove(entry->second.index);
      remove(entry);
    }
  }

  /// A load has ended with a value, or null for none.
  void loaded(const Flight& flight, const Sought& sought, Pointer value, std::uint32_t weight,
              const EntryTimes& times, bool is_kept) {
    std::vector<Pointer> gone;
    const std::lock_guard lock(mutex_);
    if (!end_load(flight, sought)) return;
    if (is_kept) return store(sought, std::move(value), weight, times, gone);
    const auto entry = entries_.find(sought);
    if (entry == entries_.end()) return;
    gone.push_back(std::move(entry->second.value));
    policy_.remove(entry->second.index);
    remove(entry);
  }
  /// A load has failed. The value that stands in for it, or null.
  Pointer failed(const Flight& flight, const Sought& sought, TimePoint now) {
    const std::lock_guard lock(mutex_);
    ++stats_.failed;
    if (!end_load(flight, sought)) return nullptr;
    const auto entry = entries_.find(sought);
    if (entry == entries_.end() || entry->second.value == nullptr) return nullptr;
    return stands_in(entry->second.times, options_, now) ? entry->second.value : nullptr;
  }

  CacheStats stats() const {
    const std::lock_guard lock(mutex_);
    CacheStats stats = stats_;
    stats.entries = entries_.size();
    stats.weight = policy_.weight();
    return stats;
  }

 private:
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(const Stored& stored) const noexcept { return stored.hash; }
    std::size_t operator()(const Sought& sought) const noexcept { return sought.hash; }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.hash == b.hash && a.key == b.key;
    }
  };
  struct Entry {
    Pointer value;
    EntryTimes times;
    TinyLfu::Index index = TinyLfu::kNone;
  };
  using Entries = std::unordered_map<Stored, Entry, Hasher, Equal>;

  /// The load that is under way, or null. In a child of fork() none of the parent's is.
  FlightPointer flight_of(const Sought& sought) {
    const auto flight = flights_.find(sought);
    if (flight == flights_.end()) return nullptr;
    if (!flight->second->is_parents()) return flight->second;
    flight->second->give_up();
    flights_.erase(flight);
    return nullptr;
  }
  template <class MakeFlight>
  void begin_load(const Sought& sought, Found& found, MakeFlight&& make_flight) {
    found.flight = make_flight();
    if (found.flight == nullptr) {
      ++stats_.refused;
      found.is_refused = found.value == nullptr && !found.is_absent;
      return;
    }
    found.begins = true;
    flights_.emplace(Stored{sought.hash, sought.key}, found.flight);
    ++stats_.loads;
  }
  void forget_flight(const Sought& sought) {
    const auto flight = flights_.find(sought);
    if (flight == flights_.end()) return;
    flights_.erase(flight);
    ++stats_.voided;
  }
  /// False where the key has changed since it began.
  bool end_load(const Flight& flight, const Sought& sought) {
    const auto found = flights_.find(sought);
    if (found == flights_.end() || found->second.get() != &flight) return false;
    flights_.erase(found);
    return true;
  }
  void store(const Sought& sought, Pointer value, std::uint32_t weight, const EntryTimes& times,
             std::vector<Pointer>& gone) {
    auto entry = entries_.find(sought);
    if (entry == entries_.end()) {
      entry = entries_.emplace(Stored{sought.hash, sought.key}, Entry()).first;
      entry->second.index = new_index(&*entry);
    } else {
      policy_.remove(entry->second.index);
    }
    gone.push_back(std::exchange(entry->second.value, std::move(value)));
    entry->second.times = times;
    std::vector<TinyLfu::Index> victims;
    policy_.add(entry->second.index, sought.hash, weight, victims);
    for (const TinyLfu::Index victim : victims) {
      const auto evicted = entries_.find(by_index_[victim]->first);
      gone.push_back(std::move(evicted->second.value));
      remove(evicted);
      ++stats_.evicted;
    }
  }
  TinyLfu::Index new_index(typename Entries::value_type* entry) {
    if (free_.empty()) {
      by_index_.push_back(entry);
      return static_cast<TinyLfu::Index>(by_index_.size() - 1);
    }
    const TinyLfu::Index index = free_.back();
    free_.pop_back();
    by_index_[index] = entry;
    return index;
  }
  void remove(typename Entries::iterator entry) {
    by_index_[entry->second.index] = nullptr;
    free_.push_back(entry->second.index);
    entries_.erase(entry);
  }

  const CacheOptions& options_;
  mutable Mutex mutex_;
  Entries entries_;
  std::vector<typename Entries::value_type*> by_index_;  // stable: the map has nodes
  std::vector<TinyLfu::Index> free_;
  std::unordered_map<Stored, FlightPointer, Hasher, Equal> flights_;
  TinyLfu policy_;
  CacheStats stats_;
};

}  // namespace weft::cache::internal
