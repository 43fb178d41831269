#include "weft/cache/internal/tiny_lfu.h"

#include <cmath>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::cache::internal {
namespace {

/// A cache of keys alone.
class Keys {
 public:
  explicit Keys(std::uint64_t most) : policy_(most, most) {}
  bool use(std::uint64_t key, std::uint32_t weight = 1) {
    if (const auto found = index_.find(key); found != index_.end()) {
      policy_.hit(found->second);
      return true;
    }
    TinyLfu::Index index = static_cast<TinyLfu::Index>(key_.size());
    if (free_.empty()) {
      key_.push_back(key);
    } else {
      index = free_.back();
      free_.pop_back();
      key_[index] = key;
    }
    index_[key] = index;
    std::vector<TinyLfu::Index> victims;
    policy_.add(index, key, weight, victims);
    for (const TinyLfu::Index victim : victims) {
      index_.erase(key_[victim]);
      free_.push_back(victim);
    }
    return false;
  }
  bool has(std::uint64_t key) const { return index_.contains(key); }
  const TinyLfu& policy() const { return policy_; }

 private:
  TinyLfu policy_;
  std::unordered_map<std::uint64_t, TinyLfu::Index> index_;
  std::vector<std::uint64_t> key_;
  std::vector<TinyLfu::Index> free_;
};

/// What a cache is that forgets what was not used longest.
class Lru {
 public:
  explicit Lru(std::size_t most) : most_(most) {}
  bool use(std::uint64_t key) {
    const auto found = place_.find(key);
    const bool hit = found != place_.end();
    if (hit) keys_.erase(found->second);
    keys_.push_front(key);
    place_[key] = keys_.begin();
    if (keys_.size() > most_) {
      place_.erase(keys_.back());
      keys_.pop_back();
    }
    return hit;
  }

 private:
  std::size_t most_;
  std::list<std::uint64_t> keys_;
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> place_;
};

/// A number from 1 to `most`, n with a probability of about 1 / n.
std::uint64_t zipf(Rng& rng, std::uint64_t most) {
  return static_cast<std::uint64_t>(std::pow(static_cast<double>(most), rng.uniform()));
}

TEST(TinyLfuTest, KeepsWhatFits) {
  Keys keys(100);
  for (std::uint64_t key = 0; key < 100; ++key) keys.use(key);
  for (std::uint64_t key = 0; key < 100; ++key) EXPECT_TRUE(keys.use(key)) << key;
}

TEST(TinyLfuTest, AScanDoesNotTakeThePlaceOfWhatIsUsed) {
  Keys keys(100);
  for (int round = 0; round < 5; ++round) {
    for (std::uint64_t key = 0; key < 80; ++key) keys.use(key);
  }
  for (std::uint64_t key = 1000; key < 6000; ++key) keys.use(key);
  int kept = 0;
  for (std::uint64_t key = 0; key < 80; ++key) kept += keys.has(key) ? 1 : 0;
  EXPECT_GE(kept, 78);
}

TEST(TinyLfuTest, ForgetsWhatWasUsedLongAgo) {
  Keys keys(100);
  for (int i = 0; i < 1000; ++i) {
    for (std::uint64_t key = 0; key < 100; ++key) keys.use(key);
  }
  int hits = 0;
  for (int i = 0; i < 100; ++i) {
    for (std::uint64_t key = 500; key < 590; ++key) hits += keys.use(key) ? 1 : 0;
  }
  EXPECT_GT(hits, 7000) << "of 9000";
}

TEST(TinyLfuTest, HitsMoreOftenThanLruWhereFewKeysAreAskedForOften) {
  Keys keys(500);
  Lru lru(500);
  Rng rng(7);
  int hits = 0;
  int lru_hits = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t key = zipf(rng, 50'000);
    hits += keys.use(key) ? 1 : 0;
    lru_hits += lru.use(key) ? 1 : 0;
  }
  EXPECT_GT(hits, lru_hits + 4'000) << lru_hits;
}

TEST(TinyLfuTest, NeverHoldsMoreThanItsWeight) {
  Keys keys(1000);
  Rng rng(8);
  for (int i = 0; i < 20'000; ++i) {
    keys.use(zipf(rng, 5'000), 1 + static_cast<std::uint32_t>(rng.below(300)));
    ASSERT_LE(keys.policy().weight(), 1000U);
  }
}

TEST(TinyLfuTest, WhatIsHeavierThanAllGoesAtOnce) {
  Keys keys(10);
  keys.use(1);
  keys.use(2, 11);
  EXPECT_TRUE(keys.has(1));
  EXPECT_FALSE(keys.has(2));
}

}  // namespace
}  // namespace weft::cache::internal
