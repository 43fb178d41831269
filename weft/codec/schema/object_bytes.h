#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/base/status.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace weft::codec {

/// What a ThreadBuffer is for; each use has a buffer of its own.
enum class BufferUse { Format, Wire };

/// A buffer that the thread keeps from message to message. A second one of the same use at the same
/// time is new.
template <BufferUse use>
class ThreadBuffer {
 public:
  ThreadBuffer() : bytes_(std::move(kept())) { bytes_.clear(); }
  ThreadBuffer(const ThreadBuffer&) = delete;
  ThreadBuffer& operator=(const ThreadBuffer&) = delete;
  ~ThreadBuffer() {
    if (bytes_.capacity() <= kLargestKept) kept() = std::move(bytes_);
  }

  OutputBytes& operator*() noexcept { return bytes_; }
  OutputBytes* operator->() noexcept { return &bytes_; }

 private:
  // Larger buffers are freed after use.
  static constexpr std::size_t kLargestKept = std::size_t{1} << 20;

  static OutputBytes& kept() {
    thread_local OutputBytes kept;
    return kept;
  }

  OutputBytes bytes_;
};

/// The table of a type: from `tables`, or compiled for one use where the type's pool may be
/// destroyed before them.
class TableOf {
 public:
  TableOf(const Tables& tables, const google::protobuf::Descriptor& type) {
    // What they have already is of a pool that they may keep.
    table_ = tables.find(type);
    if (table_ != nullptr) [[likely]]
      return;
    table_ = tables.may_keep(type) ? &tables.of(type) : &own_.emplace().of(type);
  }
  const MessageTable& operator*() const noexcept { return *table_; }

 private:
  std::optional<Tables> own_;
  const MessageTable* table_;
};

/// Appends `message` in protobuf's encoding; required fields may be missing. RESOURCE_EXHAUSTED
/// from 2 GiB on, which protobuf cannot write.
Status serialize(const google::protobuf::Message& message, OutputBytes& out);

/// Replaces `into` by what `wire` says. `max_depth` levels of a format are up to three times as
/// many messages in each other: a map's entry, a Value and a Struct.
Status parse(std::string_view wire, int max_depth, google::protobuf::Message& into);

/// Replaces `bytes`, a message of `type` in any encoding that protobuf reads, by the encoding that
/// protobuf writes: each field once, in the order of their numbers, maps in the order of their
/// keys. False where they are no such message.
bool normalize(const google::protobuf::Descriptor& type, std::string_view bytes, OutputBytes& out);

}  // namespace weft::codec
