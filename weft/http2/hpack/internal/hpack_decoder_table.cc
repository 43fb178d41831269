#include "weft/http2/hpack/internal/hpack_decoder_table.h"

#include <algorithm>
#include <utility>

#include "weft/http2/hpack/field_characters.h"

namespace weft::http2 {
namespace {

constexpr std::uint32_t kFirstCapacity = 8;
constexpr std::size_t kSmallestMemory = 256;

/// The names behind tokens are valid, those of pseudo-headers in their own way.
bool keeps_character_rules(const HeaderField& field) noexcept {
  return (field.token != Token::Other || is_valid_name(field.name)) && is_valid_value(field.value);
}

}  // namespace

void HpackDecoderTable::insert(const HeaderField& added) {
  const std::size_t needed = added.size();
  if (needed > max_size_) {
    evict_to(0);
    return;
  }
  evict_to(max_size_ - needed);
  if (count_ == capacity_) grow();
  entry(count_) = {.name = added.name, .value = added.value, .token = added.token};
  ++count_;
  ++unsettled_;
  size_ += static_cast<std::uint32_t>(needed);
}

void HpackDecoderTable::resize(std::size_t max_size) noexcept {
  max_size_ = static_cast<std::uint32_t>(max_size);
  evict_to(max_size);
}

void HpackDecoderTable::evict_to(std::size_t size) noexcept {
  while (size_ > size) {
    size_ -= static_cast<std::uint32_t>(entry(0).size());
    first_ = (first_ + 1) & (capacity_ - 1);
    --count_;
  }
  unsettled_ = std::min(unsettled_, count_);
}

void HpackDecoderTable::grow() {
  const std::uint32_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
  auto entries = std::make_unique<HeaderField[]>(capacity);
  for (std::size_t i = 0; i < count_; ++i) entries[i] = entry(i);
  entries_ = std::move(entries);
  capacity_ = capacity;
  first_ = 0;
}

void HpackDecoderTable::store(HeaderField& entry) noexcept {
  char* out = memory_.get() + memory_used_;
  char* const value = std::copy_n(entry.name.data(), entry.name.size(), out);
  std::copy_n(entry.value.data(), entry.value.size(), value);
  entry.name = {out, entry.name.size()};
  entry.value = {value, entry.value.size()};
  entry.checked = keeps_character_rules(entry);
  memory_used_ += static_cast<std::uint32_t>(entry.name.size() + entry.value.size());
}

void HpackDecoderTable::store_unsettled() {
  const auto bytes_from = [this](std::size_t i) {
    std::size_t bytes = 0;
    for (; i < count_; ++i) bytes += entry(i).name.size() + entry(i).value.size();
    return bytes;
  };
  std::size_t next = count_ - unsettled_;
  std::unique_ptr<char[]> old;
  if (bytes_from(next) > memory_size_ - memory_used_) {
    // Half of the new memory is free, so that on average a byte is moved at most once more. The old
    // one lives to the end of the copying: names of new entries may point into it.
    memory_size_ = static_cast<std::uint32_t>(std::max(kSmallestMemory, bytes_from(0) * 2));
    memory_used_ = 0;
    old = std::exchange(memory_, std::unique_ptr<char[]>(new char[memory_size_]));
    next = 0;
  }
  for (; next < count_; ++next) store(entry(next));
  unsettled_ = 0;
}

}  // namespace weft::http2
