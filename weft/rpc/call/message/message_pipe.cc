#include "weft/rpc/call/message/message_pipe.h"

#include <utility>

namespace weft::rpc {

void MessagePipe::wake(Waiter*& waiter) noexcept {
  if (Waiter* woken = std::exchange(waiter, nullptr); woken != nullptr) executor_.ready(*woken);
}

void MessagePipe::end() noexcept {
  ended_ = true;
  wake(reading_);
}

void MessagePipe::close() noexcept {
  closed_ = ended_ = true;
  wake(reading_);
  wake(writing_);
}

MessageReader::Poll MessagePipe::ReadEnd::poll(Message& out) {
  if (pipe.offered_ != nullptr) {
    out = *std::exchange(pipe.offered_, nullptr);
    pipe.taken_ = true;
    if (out.last()) pipe.ended_ = true;
    return Poll::Message;
  }
  if (pipe.holding_) {
    out = std::move(pipe.held_);
    pipe.held_ = Message();
    pipe.holding_ = false;
    pipe.taken_ = true;
    pipe.wake(pipe.writing_);
    return Poll::Message;
  }
  if (pipe.ended_) return Poll::End;
  return Poll::Pending;
}

void MessagePipe::ReadEnd::wait(Waiter& waiter) noexcept {
  keep_waiter(pipe.reading_, waiter, kNextMessage);
  pipe.wake(pipe.writing_);
}

MessageWriter::Poll MessagePipe::WriteEnd::offer(const Message& message) {
  if (pipe.closed_ || pipe.ended_) return Poll::Closed;
  if (pipe.reading_ != nullptr && !pipe.holding_) {
    pipe.offered_ = &message;
    Waiter& reader = *std::exchange(pipe.reading_, nullptr);
    {
      const NestedCode nested;
      reader.run(reader);
    }
    if (std::exchange(pipe.offered_, nullptr) == nullptr) return Poll::Accepted;
    if (pipe.closed_) return Poll::Closed;
  }
  if (pipe.holding_ || !message.is_bytes()) return Poll::Blocked;
  pipe.held_ = message;
  pipe.holding_ = true;
  if (message.last()) pipe.ended_ = true;
  pipe.wake(pipe.reading_);
  return Poll::Accepted;
}

void MessagePipe::WriteEnd::wait(Waiter& waiter) noexcept {
  if (pipe.closed_) {
    pipe.executor_.ready(waiter);
    return;
  }
  keep_waiter(pipe.writing_, waiter, kRoomForMessage);
}

}  // namespace weft::rpc
