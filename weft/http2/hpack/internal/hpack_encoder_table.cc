#include "weft/http2/hpack/internal/hpack_encoder_table.h"

#include <algorithm>
#include <utility>

namespace weft::http2 {
namespace {

// What a server's usual headers take, and no more.
constexpr std::uint16_t kFirstCapacity = 4;
constexpr std::size_t kSmallestMemory = 24;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  // An odd constant from the golden ratio spreads low bits upwards, the shift brings them back.
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 32;
}

std::uint64_t hash_text(std::uint64_t hash, std::string_view text) noexcept {
  const auto word_at = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof(word));
    return word;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  hash = mix(hash, left);
  if (left >= 8) {
    // The last word may begin in the one before it.
    for (; left > 8; left -= 8, at += 8) hash = mix(hash, word_at(at));
    return mix(hash, word_at(at + left - 8));
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < left; ++i) word = word << 8 | static_cast<unsigned char>(at[i]);
  return mix(hash, word);
}

}  // namespace

std::uint32_t HpackEncoderTable::name_hash(std::string_view name) noexcept {
  return static_cast<std::uint32_t>(hash_text(0, name));
}

std::uint32_t HpackEncoderTable::hash_of(const Key& key) noexcept {
  const std::uint64_t name =
      key.token == Token::Other ? hash_text(0, key.name) : static_cast<std::uint64_t>(key.token);
  return static_cast<std::uint32_t>(hash_text(name, key.value));
}

std::uint32_t HpackEncoderTable::find_exact(const Key& key, std::uint32_t hash) noexcept {
  if (count_ == 0) return 0;
  std::uint16_t id = place(hash).exact_head;
  for (int age = -1; alive(id) && age_of(id) > age; id = entry(id).next_exact) {
    age = age_of(id);
    const Entry& found = entry(id);
    if (found.hash != hash || found.token != key.token) continue;
    if (!same_text(value_of(found), key.value)) continue;
    if (key.token == Token::Other && !same_text(name_of(found), key.name)) continue;
    last_[slot_of(key)] = id;
    return index_of(id);
  }
  return 0;
}

std::uint32_t HpackEncoderTable::find_name(const Key& key) const noexcept {
  if (const std::uint16_t last = last_[slot_of(key)]; has_name(last, key)) return index_of(last);
  if (key.token != Token::Other || count_ == 0) return 0;
  std::uint16_t id = place(name_hash(key.name)).name_head;
  for (int age = -1; alive(id) && age_of(id) > age; id = entry(id).next_name) {
    age = age_of(id);
    const Entry& found = entry(id);
    if (found.token == Token::Other && same_text(name_of(found), key.name)) return index_of(id);
  }
  return 0;
}

void HpackEncoderTable::insert(const Key& key, std::uint32_t hash) {
  evict_to(max_size_ - size_of(key));
  if (count_ == capacity_) grow();
  const std::uint16_t id = next_id_;
  Entry& added = entry(id);
  make_room((key.token == Token::Other ? key.name.size() : 0) + key.value.size());
  added.hash = hash;
  added.name_size = static_cast<std::uint16_t>(key.name.size());
  added.value_size = static_cast<std::uint16_t>(key.value.size());
  added.token = key.token;
  added.offset = static_cast<std::uint16_t>(memory_used_);
  char* out = memory_.get() + memory_used_;
  out = std::copy_n(key.name.data(), added.stored_name(), out);
  std::copy_n(key.value.data(), key.value.size(), out);
  memory_used_ = static_cast<std::uint16_t>(memory_used_ + added.stored());

  link(id);
  last_[slot_of(key)] = id;
  ++next_id_;
  ++count_;
  size_ = static_cast<std::uint16_t>(size_ + added.size());
}

/// Makes an entry the youngest of its chains.
void HpackEncoderTable::link(std::uint16_t id) noexcept {
  Entry& added = entry(id);
  added.next_exact = std::exchange(place(added.hash).exact_head, id);
  if (added.token != Token::Other) return;
  added.next_name = std::exchange(place(name_hash(name_of(added))).name_head, id);
}

void HpackEncoderTable::resize(std::size_t max_size) noexcept {
  max_size_ = static_cast<std::uint16_t>(max_size);
  evict_to(max_size);
}

void HpackEncoderTable::evict_to(std::size_t size) noexcept {
  while (size_ > size) {
    size_ = static_cast<std::uint16_t>(size_ - entry(oldest()).size());
    --count_;
  }
}

void HpackEncoderTable::grow() {
  const auto capacity = static_cast<std::uint16_t>(capacity_ == 0 ? kFirstCapacity : capacity_ * 2);
  auto entries = std::make_unique<Entry[]>(capacity);
  for (std::uint16_t id = oldest(); id != next_id_; ++id) {
    Entry& moved = entries[id & (capacity - 1)];
    moved = entry(id);
    moved.exact_head = moved.name_head = 0;
  }
  entries_ = std::move(entries);
  capacity_ = capacity;
  for (std::uint16_t id = oldest(); id != next_id_; ++id) link(id);
}

void HpackEncoderTable::make_room(std::size_t bytes) {
  if (static_cast<std::size_t>(memory_size_ - memory_used_) >= bytes) return;
  std::size_t live = 0;
  for (std::uint16_t id = oldest(); id != next_id_; ++id) live += entry(id).stored();
  // Half of the memory is free afterwards, so that on average a byte is moved at most once more.
  const std::size_t wanted = std::max(kSmallestMemory, (live + bytes) * 2);
  std::unique_ptr<char[]> old;
  const char* from = memory_.get();
  if (wanted > memory_size_) {
    old = std::exchange(memory_, std::unique_ptr<char[]>(new char[wanted]));
    memory_size_ = static_cast<std::uint16_t>(wanted);
  }
  memory_used_ = 0;
  for (std::uint16_t id = oldest(); id != next_id_; ++id) {
    Entry& moved = entry(id);
    if (moved.stored() != 0) {
      std::memmove(memory_.get() + memory_used_, from + moved.offset, moved.stored());
    }
    moved.offset = static_cast<std::uint16_t>(memory_used_);
    memory_used_ = static_cast<std::uint16_t>(memory_used_ + moved.stored());
  }
}

}  // namespace weft::http2
