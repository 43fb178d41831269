#pragma once

#include <cstddef>

#include "weft/base/bytes.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::edge {

/// The last part of a response, where there was no room for it: it waits here and leaves as soon as
/// there is, so that each part is made of its message once, and a handler that goes on to something
/// else than writing holds nothing back. A writer is one part ahead of the client's window thereby.
/// Nothing else waits for room while a part waits here, but after flush() or take().
class HeldPart final : private Waiter {
 public:
  using Poll = MessageWriter::Poll;

  HeldPart() noexcept : Waiter(&HeldPart::run) {}
  HeldPart(const HeldPart&) = delete;
  HeldPart& operator=(const HeldPart&) = delete;
  /// The writer lives as long.
  ~HeldPart() { stop_waiting(); }

  /// Offers what waits. Accepted: nothing waits any more. Blocked: the caller waits for room.
  Poll flush(MessageWriter& writer);
  /// Offers a part, or keeps it; only when nothing waits. Accepted or Closed.
  Poll offer(MessageWriter& writer, Bytes part);
  bool empty() const noexcept { return part_.empty(); }
  std::size_t memory() const noexcept { return part_.pinned(); }
  /// Takes what waits.
  Bytes take() noexcept;

 private:
  static void run(Runnable& runnable) noexcept;
  void wait(MessageWriter& writer) noexcept;
  void stop_waiting() noexcept;

  Bytes part_;
  MessageWriter* waits_for_ = nullptr;
};

}  // namespace weft::edge
