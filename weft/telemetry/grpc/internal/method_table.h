#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/rpc/call/method.h"

namespace weft::telemetry::internal {

/// What belongs to methods, found by their descriptors: a look-up takes no lock. Entries are added
/// and never removed; a descriptor that takes the place of one that has gone is told by its path.
template <class Entry>
class MethodTable {
 public:
  MethodTable() = default;
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  /// Null where the method is not there.
  Entry* find(const MethodDescriptor* method) const noexcept {
    Kept* const kept = look_up(method);
    return kept != nullptr && kept->path == method->path ? &kept->value : nullptr;
  }
  /// As find(), of a descriptor that is no other than when it was added.
  Entry* find_same(const MethodDescriptor* method) const noexcept {
    Kept* const kept = look_up(method);
    return kept == nullptr ? nullptr : &kept->value;
  }

  /// The entry of a path; null where it is not there. Takes a lock.
  Entry* find(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &found->second->value;
  }

  /// The method's entry, made where it is not there by `make(method)`; null beyond `most`.
  template <class Make>
  Entry* add(const MethodDescriptor& method, std::size_t most, Make make) {
    const std::lock_guard lock(mutex_);
    const auto known = by_path_.find(method.path);
    Kept* kept = known == by_path_.end() ? nullptr : known->second;
    if (kept == nullptr) {
      if (entries_.size() >= most) return nullptr;
      entries_.push_back(std::make_unique<Kept>(std::string(method.path), make(method)));
      kept = entries_.back().get();
      by_path_.emplace(kept->path, kept);
    }
    place(method, *kept);
    return &kept->value;
  }

  template <class Visit>
  void for_each(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& kept : entries_) visit(std::string_view(kept->path), kept->value);
  }

 private:
  struct Kept {
    Kept(std::string of, Entry entry) : path(std::move(of)), value(std::move(entry)) {}
    const std::string path;
    Entry value;
  };
  struct Place {
    std::atomic<const MethodDescriptor*> key{nullptr};
    std::atomic<Kept*> entry{nullptr};
  };
  struct Places {
    explicit Places(std::size_t size) : all(size) {}
    std::size_t home_of(const MethodDescriptor* method) const noexcept {
      const auto bits = reinterpret_cast<std::uintptr_t>(method) >> 3;
      return (bits * 0x9e3779b97f4a7c15U >> 32) & (all.size() - 1);
    }
    std::size_t next(std::size_t at) const noexcept { return (at + 1) & (all.size() - 1); }
    std::vector<Place> all;
  };
  static constexpr std::size_t kFirst = 64;
  // Of descriptors that a program makes as it goes, more are looked up by their paths.
  static constexpr std::size_t kMostPlaced = 8192;

  Kept* look_up(const MethodDescriptor* method) const noexcept {
    const Places* const places = places_.load(std::memory_order_acquire);
    if (places == nullptr || method == nullptr) [[unlikely]]
      return nullptr;
    for (std::size_t at = places->home_of(method);; at = places->next(at)) {
      const Place& place = places->all[at];
      const MethodDescriptor* const key = place.key.load(std::memory_order_acquire);
      if (key == method) [[likely]]
        return place.entry.load(std::memory_order_acquire);
      if (key == nullptr) return nullptr;
    }
  }
  /// With mutex_. A table that was replaced stays, for threads that are looking at it.
  void place(const MethodDescriptor& method, Kept& kept) {
    Places* places = places_.load(std::memory_order_relaxed);
    if (placed_ >= kMostPlaced) return;
    if (places == nullptr || placed_ * 2 >= places->all.size()) places = grow(places);
    for (std::size_t at = places->home_of(&method);; at = places->next(at)) {
      Place& place = places->all[at];
      const MethodDescriptor* const key = place.key.load(std::memory_order_relaxed);
      if (key != nullptr && key != &method) continue;
      // Of one whose address another had before, too.
      place.entry.store(&kept, std::memory_order_release);
      place.key.store(&method, std::memory_order_release);
      if (key == nullptr) ++placed_;
      return;
    }
  }
  Places* grow(const Places* old) {
    tables_.push_back(std::make_unique<Places>(old == nullptr ? kFirst : old->all.size() * 2));
    Places* const made = tables_.back().get();
    for (std::size_t i = 0; old != nullptr && i < old->all.size(); ++i) {
      const MethodDescriptor* const key = old->all[i].key.load(std::memory_order_relaxed);
      if (key == nullptr) continue;
      std::size_t at = made->home_of(key);
      while (made->all[at].key.load(std::memory_order_relaxed) != nullptr) at = made->next(at);
      made->all[at].entry.store(old->all[i].entry.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
      made->all[at].key.store(key, std::memory_order_relaxed);
    }
    places_.store(made, std::memory_order_release);
    return made;
  }

  std::atomic<Places*> places_{nullptr};
  mutable ForkMutex mutex_;
  std::size_t placed_ = 0;
  std::vector<std::unique_ptr<Places>> tables_;
  std::vector<std::unique_ptr<Kept>> entries_;
  std::unordered_map<std::string_view, Kept*> by_path_;
};

/// T by a small number, each made at first use. Looking one up takes no lock.
template <class T, std::size_t N>
class LazyArray {
 public:
  LazyArray() = default;
  LazyArray(LazyArray&& other) noexcept {
    for (std::size_t i = 0; i < all_.size(); ++i) all_[i] = other.all_[i].exchange(nullptr);
  }
  LazyArray& operator=(LazyArray&&) = delete;
  ~LazyArray() {
    for (auto& one : all_) delete one.load(std::memory_order_acquire);
  }

  template <class Make>
  T& of(std::size_t index, Make make) {
    std::atomic<T*>& place = all_[index];
    if (T* const made = place.load(std::memory_order_acquire)) [[likely]]
      return *made;
    auto made = std::make_unique<T>(make());
    T* other = nullptr;
    if (!place.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel)) return *other;
    return *made.release();
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& one : all_) {
      if (const T* const made = one.load(std::memory_order_acquire)) visit(*made);
    }
  }

 private:
  std::array<std::atomic<T*>, N> all_{};
};

/// By status, whose codes are 0 to 16.
template <class T>
using ByStatus = LazyArray<T, 17>;

}  // namespace weft::telemetry::internal
