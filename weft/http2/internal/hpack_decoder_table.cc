#include "weft/http2/internal/hpack_decoder_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::http2 {
namespace {

constexpr std::size_t kFirstCapacity = 8;
constexpr std::size_t kSmallestMemory = 256;

}  // namespace

void HpackDecoderTable::insert(const Entry& added) {
  const std::size_t needed = added.size();
  if (needed > max_size_) {
    evict_to(0);
    return;
  }
  evict_to(max_size_ - needed);
  if (count_ == capacity_) grow();
  entry(count_) = added;
  ++count_;
  ++unsettled_;
  size_ += needed;
}

void HpackDecoderTable::resize(std::size_t max_size) noexcept {
  max_size_ = max_size;
  evict_to(max_size);
}

void HpackDecoderTable::evict_to(std::size_t size) noexcept {
  while (size_ > size) {
    size_ -= entry(0).size();
    first_ = (first_ + 1) & (capacity_ - 1);
    --count_;
  }
  unsettled_ = std::min(unsettled_, count_);
}

void HpackDecoderTable::grow() {
  const std::size_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
  auto entries = std::make_unique<Entry[]>(capacity);
  for (std::size_t i = 0; i < count_; ++i) entries[i] = entry(i);
  entries_ = std::move(entries);
  capacity_ = capacity;
  first_ = 0;
}

void HpackDecoderTable::store(Entry& entry) noexcept {
  char* out = memory_.get() + memory_used_;
  if (!entry.static_name) {
    std::copy_n(entry.name, entry.name_size, out);
    entry.name = out;
    out += entry.name_size;
  }
  std::copy_n(entry.value, entry.value_size, out);
  entry.value = out;
  memory_used_ += entry.stored();
}

void HpackDecoderTable::settle() {
  if (unsettled_ == 0) return;
  std::size_t needed = 0;
  for (std::size_t i = count_ - unsettled_; i < count_; ++i) needed += entry(i).stored();
  if (needed <= memory_size_ - memory_used_) {
    for (std::size_t i = count_ - unsettled_; i < count_; ++i) store(entry(i));
  } else {
    // Half of the new memory is free, so that on average a byte is moved at most once more. The old
    // one lives to the end of the copying: names of new entries may point into it.
    std::size_t live = 0;
    for (std::size_t i = 0; i < count_; ++i) live += entry(i).stored();
    const std::size_t size = std::max(kSmallestMemory, live * 2);
    const auto old = std::exchange(memory_, std::unique_ptr<char[]>(new char[size]));
    memory_size_ = size;
    memory_used_ = 0;
    for (std::size_t i = 0; i < count_; ++i) store(entry(i));
  }
  unsettled_ = 0;
}

}  // namespace weft::http2
