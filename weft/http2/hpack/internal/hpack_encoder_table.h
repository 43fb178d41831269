#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "weft/http2/hpack/header.h"

namespace weft::http2 {

/// Equality of strings that are mostly short, for those without a call into libc.
inline bool same_text(std::string_view a, std::string_view b) noexcept {
  const std::size_t n = a.size();
  if (n != b.size()) return false;
  const char* x = a.data();
  const char* y = b.data();
  const auto load = [](const char* from, auto word) {
    std::memcpy(&word, from, sizeof(word));
    return word;
  };
  if (n >= 64) return std::memcmp(x, y, n) == 0;
  if (n >= 8) {
    for (std::size_t i = 0; i + 8 < n; i += 8) {
      if (load(x + i, std::uint64_t{}) != load(y + i, std::uint64_t{})) return false;
    }
    return load(x + n - 8, std::uint64_t{}) == load(y + n - 8, std::uint64_t{});
  }
  if (n >= 4) {
    return load(x, std::uint32_t{}) == load(y, std::uint32_t{}) &&
           load(x + n - 4, std::uint32_t{}) == load(y + n - 4, std::uint32_t{});
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

/// The encoder's dynamic table (RFC 7541 section 2.3.2) with the ways to find an entry in it: for a
/// name the entry that it matched last, and chains by hash.
///
/// Entries are known by a number that counts up and wraps. A number is alive while it is one of the
/// last count_; since chains run from young to old, the first dead one ends a chain and eviction
/// has nothing to unlink. A stale number may come alive again after a wrap; it then leads to an
/// entry of another chain, which is compared like any other.
class HpackEncoderTable {
 public:
  /// Larger tables cost memory per connection and save little.
  static constexpr std::size_t kMaxSize = 4096;

  /// What to look for; `token` is token_of(name).
  struct Key {
    Token token;
    std::string_view name;
    std::string_view value;
  };

  /// These return an index as the wire has it (62 is the newest entry), or 0.

  /// The entry that a field of this name matched last. Tells whether it has the value, too.
  std::uint32_t find_last(const Key& key, bool& has_value) const noexcept {
    const std::uint16_t id = last_[slot_of(key)];
    if (!has_name(id, key)) return 0;
    has_value = same_text(value_of(entry(id)), key.value);
    return index_of(id);
  }
  std::uint32_t find_exact(const Key& key, std::uint32_t hash) noexcept;
  std::uint32_t find_name(const Key& key) const noexcept;

  static std::uint32_t hash_of(const Key& key) noexcept;
  static std::size_t size_of(const Key& key) noexcept {
    return 32 + key.name.size() + key.value.size();
  }

  /// Of the name alone.
  static std::uint32_t name_hash(const Key& key) noexcept { return name_hash(key.name); }

  /// Whether insert() would have to make room.
  bool evicts(const Key& key) const noexcept { return size_ + size_of(key) > max_size_; }
  /// Adds an entry of at most max_size(); `hash` is hash_of(key).
  void insert(const Key& key, std::uint32_t hash);
  void resize(std::size_t max_size) noexcept;
  std::size_t max_size() const noexcept { return max_size_; }

 private:
  struct Entry {
    std::uint32_t hash;
    std::uint16_t offset;  // in memory_: the name, if it has no token, and the value
    std::uint16_t name_size;
    std::uint16_t value_size;
    std::uint16_t next_exact;
    std::uint16_t next_name;
    // Not of this entry: the youngest of those whose hash leads to this place.
    std::uint16_t exact_head;
    std::uint16_t name_head;
    Token token;

    std::size_t size() const noexcept { return std::size_t{32} + name_size + value_size; }
    std::size_t stored_name() const noexcept { return token == Token::Other ? name_size : 0; }
    std::size_t stored() const noexcept { return stored_name() + value_size; }
  };
  static constexpr std::size_t kTokens = kTokenCount;
  static constexpr std::size_t kNameSlots = 8;  // for names without a token, which share them
  static std::size_t slot_of(const Key& key) noexcept {
    if (key.token != Token::Other) return static_cast<std::size_t>(key.token);
    if (key.name.empty()) return kTokens;
    const auto first = static_cast<unsigned char>(key.name.front());
    const auto last = static_cast<unsigned char>(key.name.back());
    return kTokens + (key.name.size() + first + last * std::size_t{3}) % kNameSlots;
  }
  bool has_name(std::uint16_t id, const Key& key) const noexcept {
    if (!alive(id)) return false;
    const Entry& found = entry(id);
    return found.token == key.token &&
           (key.token != Token::Other || same_text(name_of(found), key.name));
  }
  static std::uint32_t name_hash(std::string_view name) noexcept;
  std::uint16_t age_of(std::uint16_t id) const noexcept {
    return static_cast<std::uint16_t>(next_id_ - 1 - id);
  }
  bool alive(std::uint16_t id) const noexcept { return age_of(id) < count_; }
  std::uint32_t index_of(std::uint16_t id) const noexcept { return 62U + age_of(id); }
  const Entry& entry(std::uint16_t id) const noexcept { return entries_[id & (capacity_ - 1)]; }
  Entry& entry(std::uint16_t id) noexcept { return entries_[id & (capacity_ - 1)]; }
  /// Where a hash leads to. Only where there are entries.
  Entry& place(std::uint32_t hash) const noexcept { return entries_[hash & (capacity_ - 1U)]; }
  std::uint16_t oldest() const noexcept { return static_cast<std::uint16_t>(next_id_ - count_); }
  std::string_view name_of(const Entry& entry) const noexcept {
    return {memory_.get() + entry.offset, entry.stored_name()};
  }
  std::string_view value_of(const Entry& entry) const noexcept {
    return {memory_.get() + entry.offset + entry.stored_name(), entry.value_size};
  }

  void evict_to(std::size_t size) noexcept;
  void grow();
  void link(std::uint16_t id) noexcept;
  void make_room(std::size_t bytes);

  // As small as they can be: every connection that has sent headers keeps one of these. All sizes
  // are at most a few times kMaxSize.
  std::unique_ptr<Entry[]> entries_;  // a ring by number; capacity_ is a power of two
  std::unique_ptr<char[]> memory_;
  std::uint16_t capacity_ = 0;
  std::uint16_t next_id_ = 0;
  std::uint16_t count_ = 0;
  std::uint16_t memory_size_ = 0;
  std::uint16_t memory_used_ = 0;
  std::uint16_t size_ = 0;
  std::uint16_t max_size_ = kMaxSize;
  std::array<std::uint16_t, kTokens + kNameSlots> last_{};  // ids by slot_of()
};

}  // namespace weft::http2
