#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/http2/session/internal/stream_record.h"

namespace weft::http2::internal {

/// The open streams of a connection by id. Their records come from a list of the thread, so that a
/// connection without streams has none.
///
/// Open addressing with linear probing. Ids are odd and increase by two, so id / 2 spreads streams
/// over the slots without a hash. A record that was removed stays valid until recycle(), because
/// the callback that closed it may have been called from code that still looks at it.
class StreamTable {
 public:
  StreamTable() = default;
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;
  ~StreamTable();

  std::size_t size() const noexcept { return size_; }

  /// Bytes of memory, without what waits on the streams.
  std::size_t memory() const noexcept {
    return slots_.capacity() * sizeof(StreamRecord*) + size_ * sizeof(StreamRecord);
  }

  /// The open stream of this id, or null.
  StreamRecord* find(std::uint32_t id) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::size_t i = home(id);; i = (i + 1) & mask_) {
      if (slots_[i] == nullptr || slots_[i]->id_ == id) return slots_[i];
    }
  }
  /// A record for a new stream; its begin() is still to be called. `id` must not be in the table.
  StreamRecord& insert(std::uint32_t id);
  /// The record must not be in another list.
  void remove(StreamRecord& stream);
  /// Nobody looks at records that were removed any more.
  void recycle() noexcept {
    if (!removed_.empty()) delete_removed();
  }

  /// Calls `function(stream)` for each; it must not insert or remove.
  template <class F>
  void for_each(F&& function) {
    for (StreamRecord* stream : slots_) {
      if (stream != nullptr) function(*stream);
    }
  }
  /// The ids of all open streams, ascending.
  std::vector<std::uint32_t> ids() const;

 private:
  std::size_t home(std::uint32_t id) const noexcept { return (id >> 1) & mask_; }
  void delete_removed() noexcept;
  void grow();
  void place(StreamRecord& stream) noexcept;

  static constexpr std::size_t kFirstSlots = 2;  // a connection that is idle keeps them

  std::vector<StreamRecord*> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
  /// Streams that do not stand in their home slot; while there are none, which is the rule since
  /// ids are dense, a removal has nobody to move.
  std::size_t displaced_ = 0;
  IntrusiveList<Stream> removed_;
};

}  // namespace weft::http2::internal
