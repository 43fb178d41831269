#pragma once

#include <utility>

#include "weft/rpc/call/message/message_stream.h"

namespace weft::rpc {

/// Hands messages from a writer to a reader of the same loop. A reader that waits is run from
/// within the writer's offer(), so that a borrowed message passes without a copy; else one message
/// of bytes is held and the next is refused until the reader has taken it.
class MessagePipe {
 public:
  explicit MessagePipe(Executor& executor) noexcept : executor_(executor) {}
  MessagePipe(const MessagePipe&) = delete;
  MessagePipe& operator=(const MessagePipe&) = delete;

  MessageReader& reader() noexcept { return reader_; }
  MessageWriter& writer() noexcept { return writer_; }

  /// No more messages: the reader sees the end after what is held.
  void end() noexcept;
  /// The call is over: offers are refused from now on. What is held can still be read.
  void close() noexcept;
  bool ended() const noexcept { return ended_; }
  /// Whether a coroutine waits to read, or to write.
  bool waits_to_read() const noexcept { return reading_ != nullptr; }
  bool waits_to_write() const noexcept { return writing_ != nullptr; }

 private:
  struct ReadEnd final : MessageReader {
    explicit ReadEnd(MessagePipe& owner) noexcept : pipe(owner) {}
    Poll poll(Message& out) override;
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override { return std::exchange(pipe.reading_, nullptr) != nullptr; }
    bool rewind() noexcept override { return !pipe.taken_; }
    MessagePipe& pipe;
  };
  struct WriteEnd final : MessageWriter {
    explicit WriteEnd(MessagePipe& owner) noexcept : pipe(owner) {}
    Poll offer(const Message& message) override;
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override { return std::exchange(pipe.writing_, nullptr) != nullptr; }
    MessagePipe& pipe;
  };
  void wake(Waiter*& waiter) noexcept;

  Executor& executor_;
  ReadEnd reader_{*this};
  WriteEnd writer_{*this};
  Waiter* reading_ = nullptr;
  Waiter* writing_ = nullptr;
  const Message* offered_ = nullptr;  // only within offer()
  Message held_;
  bool holding_ = false;
  bool taken_ = false;  // a message has been read, and is not here any more
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace weft::rpc
