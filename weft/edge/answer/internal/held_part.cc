#include "weft/edge/answer/internal/held_part.h"

#include <new>
#include <utility>

namespace weft::edge {

HeldPart::Poll HeldPart::flush(MessageWriter& writer) {
  stop_waiting();
  if (part_.empty()) return Poll::Accepted;
  const Poll polled = writer.offer(Message(part_));
  if (polled == Poll::Accepted) part_ = Bytes();
  return polled;
}

HeldPart::Poll HeldPart::offer(MessageWriter& writer, Bytes part) {
  const Poll polled = writer.offer(Message(part));
  if (polled != Poll::Blocked) return polled;
  part_ = std::move(part);
  wait(writer);
  return Poll::Accepted;
}

Bytes HeldPart::take() noexcept {
  stop_waiting();
  return std::exchange(part_, {});
}

void HeldPart::run(Runnable& runnable) noexcept {
  auto& self = static_cast<HeldPart&>(runnable);
  MessageWriter& writer = *std::exchange(self.waits_for_, nullptr);
  try {
    if (self.flush(writer) == Poll::Blocked) self.wait(writer);
  } catch (const std::bad_alloc&) {
    // It leaves with the next part, or with the end.
  }
}

void HeldPart::wait(MessageWriter& writer) noexcept {
  waits_for_ = &writer;
  writer.wait(*this);
}

void HeldPart::stop_waiting() noexcept {
  if (MessageWriter* const writer = std::exchange(waits_for_, nullptr)) {
    // It may have been made ready.
    if (!writer->unwait()) RunnableQueue::remove(*this);
  }
}

}  // namespace weft::edge
