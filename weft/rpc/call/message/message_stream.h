#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/codec/message.h"
#include "weft/coro/executor.h"
#include "weft/coro/task.h"

namespace weft {

/// What a reader or a writer makes ready when it can go on; it then runs at the top level of a
/// turn.
using Waiter = Runnable;

namespace rpc {

/// Ends the program: `of`, "the next message of a stream" for one, is waited for already.
[[noreturn, gnu::cold]] void second_waiter(std::string_view of) noexcept;
/// Ends the program: the call of `path` ends while a coroutine waits for its messages.
[[noreturn, gnu::cold]] void still_waited_for(std::string_view path) noexcept;

inline constexpr std::string_view kNextMessage = "the next message of a stream";
inline constexpr std::string_view kRoomForMessage = "room to write to a stream";
/// Keeps `waiter` in the place for the one that may wait; for MessageReader::wait() and the like.
inline void keep_waiter(Waiter*& place, Waiter& waiter, std::string_view of) noexcept {
  if (place != nullptr && place != &waiter) [[unlikely]]
    second_waiter(of);
  place = &waiter;
}

}  // namespace rpc

/// One direction of a call's messages, to be read. Belongs to the call's loop; one reader at a
/// time: a second one that waits ends the program with a message.
class MessageReader {
 public:
  enum class Poll : std::uint8_t {
    Message,  ///< `out` was filled
    End,      ///< no more will come: half-close, or the call is over (its context tells)
    Pending,  ///< nothing yet: wait()
  };

  /// The next message, if there is one. A borrowing message is valid until the next poll() or
  /// wait().
  virtual Poll poll(Message& out) = 0;
  /// Makes `waiter` ready, once, when poll() may say something else than Pending. At most one
  /// waiter.
  virtual void wait(Waiter& waiter) noexcept = 0;
  /// Forgets the waiter. False where there is none any more: it has been made ready and will run.
  virtual bool unwait() noexcept = 0;
  /// Goes back to the first message; false where that is not possible. For a repeated request that
  /// the peer has not seen.
  virtual bool rewind() noexcept { return false; }
  /// The reader holds `object` for the message that it read last; `memory` measures it, for it may
  /// be many times as large as the message on the wire. Measured only where memory is accounted
  /// for. Null: nothing is held any more.
  using Measure = std::size_t (*)(const void* object);
  virtual void hold(const void* /*object*/, Measure /*memory*/) {}

  class ReadAwaiter;
  /// `co_await reader.read()`: the next message, or nothing at the end.
  [[nodiscard("co_await it: until then nothing happens")]] ReadAwaiter read() noexcept;

 protected:
  ~MessageReader() = default;
};

/// One direction of a call's messages, to be written. Belongs to the call's loop; one writer at a
/// time: a second one that waits ends the program with a message.
class MessageWriter {
 public:
  enum class Poll : std::uint8_t {
    Accepted,  ///< taken; borrowed objects are free again
    Blocked,   ///< not taken: the peer's window is closed; wait() and offer it again
    Closed,    ///< not taken and never will be: the call is over (its context tells)
  };

  /// Offers a message. One marked last() also ends the direction.
  virtual Poll offer(const Message& message) = 0;
  /// As offer(), but an accepted message may be moved from.
  virtual Poll take(Message& message) { return offer(message); }
  /// Makes `waiter` ready, once, when offer() may say something else than Blocked. At most one
  /// waiter.
  virtual void wait(Waiter& waiter) noexcept = 0;
  /// Forgets the waiter. False where there is none any more: it has been made ready and will run.
  virtual bool unwait() noexcept = 0;

  class WriteAwaiter;
  /// `co_await writer.write(message)`: true when it was taken, false when the call is over.
  [[nodiscard("co_await it: until then nothing happens")]] WriteAwaiter write(
      const Message& message) noexcept;

 protected:
  ~MessageWriter() = default;
};

namespace rpc {

/// Has `messages` refer to what ends the program with a message when it is used: the last thing
/// that happens to a Reader or Writer. A Task that was kept for longer may still find it there.
void forget_ended(MessageReader*& messages) noexcept;
void forget_ended(MessageWriter*& messages) noexcept;

}  // namespace rpc

/// What a coroutine awaits of one direction of a call's messages. `Step` derives from it and has
/// `bool advance()`: false while nothing is known yet; it is tried at once, and again whenever that
/// may have changed. The coroutine may be destroyed while it waits.
template <class Step, class Direction>
class DirectionAwaiter : private Waiter {
 public:
  DirectionAwaiter(const DirectionAwaiter&) = delete;
  DirectionAwaiter& operator=(const DirectionAwaiter&) = delete;

  bool await_ready() { return step().advance(); }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    step().wait_on(*this);
  }

 protected:
  explicit DirectionAwaiter(Direction& direction) noexcept
      : Waiter(&DirectionAwaiter::run), direction_(direction) {}
  ~DirectionAwaiter() {
    if (handle_) direction_.unwait();
  }
  Direction& direction() const noexcept { return direction_; }
  /// Where it waits, which a Step may replace.
  void wait_on(Waiter& waiter) noexcept { direction_.wait(waiter); }

 private:
  Step& step() noexcept { return static_cast<Step&>(*this); }
  static void run(Runnable& runnable) noexcept {
    auto& self = static_cast<DirectionAwaiter&>(runnable);
    if (!self.step().advance()) return self.step().wait_on(self);
    std::exchange(self.handle_, nullptr).resume();
  }

  Direction& direction_;
  std::coroutine_handle<> handle_;  // while it waits
};

class [[nodiscard("co_await it: until then nothing happens")]] MessageReader::ReadAwaiter
    : public DirectionAwaiter<ReadAwaiter, MessageReader> {
 public:
  explicit ReadAwaiter(MessageReader& reader) noexcept : DirectionAwaiter(reader) {}
  std::optional<Message> await_resume() noexcept { return std::move(result_); }

 private:
  friend DirectionAwaiter;
  bool advance() {
    const Poll outcome = direction().poll(result_.emplace());
    if (outcome != Poll::Message) {
      result_.reset();
    } else if (result_->borrows()) {
      *result_ = result_->owned();
    }
    return outcome != Poll::Pending;
  }

  std::optional<Message> result_;
};

class [[nodiscard("co_await it: until then nothing happens")]] MessageWriter::WriteAwaiter
    : public DirectionAwaiter<WriteAwaiter, MessageWriter> {
 public:
  WriteAwaiter(MessageWriter& writer, const Message& message) noexcept
      : DirectionAwaiter(writer), message_(message) {}
  bool await_resume() const noexcept { return outcome_ == Poll::Accepted; }

 private:
  friend DirectionAwaiter;
  bool advance() {
    outcome_ = direction().offer(message_);
    return outcome_ != Poll::Blocked;
  }

  const Message& message_;
  Poll outcome_ = Poll::Blocked;
};

inline MessageReader::ReadAwaiter MessageReader::read() noexcept { return ReadAwaiter(*this); }
inline MessageWriter::WriteAwaiter MessageWriter::write(const Message& message) noexcept {
  return WriteAwaiter(*this, message);
}

}  // namespace weft
