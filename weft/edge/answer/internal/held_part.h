#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::edge {

/// The last part of a response, where there was no room for it: it waits here and is offered again
/// before the next one, so that each part is made of its message once. A writer is one part ahead
/// of the client's window thereby.
class HeldPart {
 public:
  using Poll = MessageWriter::Poll;

  /// Offers what waits. Accepted: nothing waits any more.
  Poll flush(MessageWriter& writer) {
    if (part_.empty()) return Poll::Accepted;
    const Poll polled = writer.offer(Message(part_));
    if (polled == Poll::Accepted) part_ = Bytes();
    return polled;
  }
  /// Offers a part, or keeps it; only when nothing waits. Accepted or Closed.
  Poll offer(MessageWriter& writer, Bytes part) {
    const Poll polled = writer.offer(Message(part));
    if (polled != Poll::Blocked) return polled;
    part_ = std::move(part);
    return Poll::Accepted;
  }
  bool empty() const noexcept { return part_.empty(); }
  std::size_t memory() const noexcept { return part_.pinned(); }
  /// Takes what waits.
  Bytes take() noexcept { return std::exchange(part_, {}); }

 private:
  Bytes part_;
};

}  // namespace weft::edge
