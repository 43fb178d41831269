#pragma once

#include <coroutine>
#include <cstdint>

#include "weft/rpc/call/message/message_stream.h"

namespace weft {

/// `co_await MessageTransfer(reader, writer)`: moves messages from one to the other, as long as
/// there are any; false when the writer takes no more. As read() and write() in a loop, but the
/// coroutine only wakes at the end.
class [[nodiscard("co_await it: until then nothing happens")]] MessageTransfer {
 public:
  MessageTransfer(MessageReader& reader, MessageWriter& writer) noexcept
      : reader_(reader), writer_(writer), waiter_(&MessageTransfer::run, this) {}
  MessageTransfer(const MessageTransfer&) = delete;
  MessageTransfer& operator=(const MessageTransfer&) = delete;
  /// A coroutine may be destroyed while it waits.
  ~MessageTransfer() {
    if (waits_for_ == WaitsFor::Reader) reader_.unwait();
    if (waits_for_ == WaitsFor::Writer) writer_.unwait();
  }
  bool await_ready() { return move_some(); }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    wait();
  }
  bool await_resume() const noexcept { return taken_; }

 private:
  enum class WaitsFor : std::uint8_t { Nothing, Reader, Writer };
  struct Wake : Waiter {
    Wake(Runnable::Function function, MessageTransfer* transfer) noexcept
        : Waiter(function), self(transfer) {}
    MessageTransfer* self;
  };
  static void run(Runnable& runnable) noexcept {
    MessageTransfer& self = *static_cast<Wake&>(runnable).self;
    if (!self.move_some()) return self.wait();
    self.waits_for_ = WaitsFor::Nothing;
    self.handle_.resume();
  }
  void wait() noexcept {
    if (holding_) {
      // What is lent by the reader is so until that is polled again; a large block is not to wait.
      if (message_.is_bytes()) message_ = message_.owned();
      waits_for_ = WaitsFor::Writer;
      writer_.wait(waiter_);
    } else {
      waits_for_ = WaitsFor::Reader;
      reader_.wait(waiter_);
    }
  }
  /// True at the end, or when the writer is closed.
  bool move_some() {
    for (;;) {
      if (!holding_) {
        const MessageReader::Poll polled = reader_.poll(message_);
        if (polled != MessageReader::Poll::Message) return polled == MessageReader::Poll::End;
        // What is borrowed is the reader's until it is polled again, so it may wait here.
        holding_ = true;
      }
      const MessageWriter::Poll offered = writer_.take(message_);
      if (offered == MessageWriter::Poll::Blocked) return false;
      holding_ = false;
      taken_ = offered == MessageWriter::Poll::Accepted;
      if (!taken_) return true;
    }
  }

  MessageReader& reader_;
  MessageWriter& writer_;
  Wake waiter_;
  std::coroutine_handle<> handle_;
  Message message_;
  WaitsFor waits_for_ = WaitsFor::Nothing;
  bool holding_ = false;
  bool taken_ = true;
};

}  // namespace weft
