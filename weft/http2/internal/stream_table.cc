#include "weft/http2/internal/stream_table.h"

#include <algorithm>
#include <utility>

namespace weft::http2::internal {

StreamTable::~StreamTable() {
  delete_removed();
  for (const Slot& slot : slots_) delete slot.stream;
}

StreamRecord& StreamTable::insert(std::uint32_t id) {
  // Dense ids fill the slots in order, so the table may be nearly full; never quite, or find()
  // would not end.
  if ((size_ + 1) * 8 > slots_.size() * 7) grow();
  auto* stream = new StreamRecord;
  place({.id = id, .stream = stream});
  ++size_;
  return *stream;
}

void StreamTable::remove(StreamRecord& stream) {
  std::size_t hole = home(stream.id_);
  while (slots_[hole].stream != &stream) hole = (hole + 1) & mask_;
  removed_.push_back(stream);
  --size_;
  if (hole != home(stream.id_)) --displaced_;
  if (displaced_ == 0) [[likely]] {
    slots_[hole] = Slot{};
    return;
  }
  // Backward shift: what stands behind moves up unless it would leave the run of its home slot.
  for (std::size_t i = (hole + 1) & mask_; slots_[i].stream != nullptr; i = (i + 1) & mask_) {
    const std::size_t distance = (i - home(slots_[i].id)) & mask_;
    if (distance >= ((i - hole) & mask_)) {
      if (distance == ((i - hole) & mask_)) --displaced_;  // the hole is its home
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = Slot{};
}

void StreamTable::delete_removed() noexcept {
  while (Stream* stream = removed_.pop_front()) delete static_cast<StreamRecord*>(stream);
}

std::vector<std::uint32_t> StreamTable::ids() const {
  std::vector<std::uint32_t> ids;
  ids.reserve(size_);
  for (const Slot& slot : slots_) {
    if (slot.stream != nullptr) ids.push_back(slot.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void StreamTable::grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max(kFirstSlots, old.size() * 2), Slot{});
  mask_ = slots_.size() - 1;
  displaced_ = 0;
  for (const Slot& slot : old) {
    if (slot.stream != nullptr) place(slot);
  }
}

void StreamTable::place(Slot slot) noexcept {
  std::size_t i = home(slot.id);
  if (slots_[i].stream != nullptr) ++displaced_;
  while (slots_[i].stream != nullptr) i = (i + 1) & mask_;
  slots_[i] = slot;
}

}  // namespace weft::http2::internal
