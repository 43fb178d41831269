#include "weft/http2/session/internal/stream_table.h"

#include <algorithm>
#include <utility>

namespace weft::http2::internal {

StreamTable::~StreamTable() {
  delete_removed();
  for (const StreamRecord* stream : slots_) delete stream;
}

StreamRecord& StreamTable::insert(std::uint32_t id) {
  // Dense ids fill the slots in order, so the table may be nearly full; never quite, or find()
  // would not end.
  if ((size_ + 1) * 8 > slots_.size() * 7) grow();
  auto* stream = new StreamRecord;
  stream->id_ = id;
  place(*stream);
  ++size_;
  return *stream;
}

void StreamTable::remove(StreamRecord& stream) {
  std::size_t hole = home(stream.id_);
  while (slots_[hole] != &stream) hole = (hole + 1) & mask_;
  removed_.push_back(stream);
  --size_;
  if (hole != home(stream.id_)) --displaced_;
  if (displaced_ == 0) [[likely]] {
    slots_[hole] = nullptr;
    return;
  }
  // Backward shift: what stands behind moves up unless it would leave the run of its home slot.
  for (std::size_t i = (hole + 1) & mask_; slots_[i] != nullptr; i = (i + 1) & mask_) {
    const std::size_t distance = (i - home(slots_[i]->id_)) & mask_;
    if (distance >= ((i - hole) & mask_)) {
      if (distance == ((i - hole) & mask_)) --displaced_;  // the hole is its home
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = nullptr;
}

void StreamTable::delete_removed() noexcept {
  while (Stream* stream = removed_.pop_front()) delete static_cast<StreamRecord*>(stream);
}

std::vector<std::uint32_t> StreamTable::ids() const {
  std::vector<std::uint32_t> ids;
  ids.reserve(size_);
  for (const StreamRecord* stream : slots_) {
    if (stream != nullptr) ids.push_back(stream->id_);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void StreamTable::grow() {
  const std::vector<StreamRecord*> old = std::move(slots_);
  slots_.assign(std::max(kFirstSlots, old.size() * 2), nullptr);
  mask_ = slots_.size() - 1;
  displaced_ = 0;
  for (StreamRecord* stream : old) {
    if (stream != nullptr) place(*stream);
  }
}

void StreamTable::place(StreamRecord& stream) noexcept {
  std::size_t i = home(stream.id_);
  if (slots_[i] != nullptr) ++displaced_;
  while (slots_[i] != nullptr) i = (i + 1) & mask_;
  slots_[i] = &stream;
}

}  // namespace weft::http2::internal
