#pragma once

#include <concepts>
#include <coroutine>
#include <optional>
#include <utility>

#include "weft/codec/protobuf.h"
#include "weft/rpc/call.h"
#include "weft/rpc/message_stream.h"

namespace weft {

/// Reads messages of one type from a direction of a call.
///
///     while (std::optional<Item> item = co_await reader.read()) { ... }
///     if (!reader.status().ok()) co_return reader.status();   // it broke off, rather than ended
template <class T>
class Reader {
 public:
  Reader(MessageReader& messages, const Context& context) noexcept
      : messages_(messages), context_(context) {}
  /// Movable while nothing is being awaited.
  Reader(Reader&&) noexcept = default;

  /// The next message; nothing when the other side has ended its stream, when the call is over, or
  /// when a message does not parse. status() tells these apart.
  auto read() { return Read(*this); }
  /// As read(), into an object that is used again, so that its memory is. False at the end.
  auto read(T& into) { return ReadInto(*this, into); }

  /// OK while messages come and after a regular end; else why there will be no more.
  Status status() const {
    return parse_status_.ok() ? Status(context_.cancel_reason()) : parse_status_;
  }
  /// Why a message did not parse; OK as long as all did.
  const Status& parse_status() const noexcept { return parse_status_; }

 private:
  /// Reads into an object without keeping the message's bytes in the coroutine's frame, which every
  /// idle stream pays for.
  class ReadInto : private Waiter {
   public:
    ReadInto(Reader& reader, T& into) noexcept
        : Waiter(&ReadInto::run), reader_(reader), into_(into) {}
    ReadInto(const ReadInto&) = delete;
    ReadInto& operator=(const ReadInto&) = delete;
    /// A coroutine may be destroyed while it waits.
    ~ReadInto() {
      if (handle_) reader_.messages_.unwait();
    }
    bool await_ready() { return poll(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      handle_ = handle;
      reader_.messages_.wait(*this);
    }
    bool await_resume() const noexcept { return got_; }

   private:
    static void run(Runnable& runnable) noexcept {
      auto& self = static_cast<ReadInto&>(runnable);
      if (!self.poll()) return self.reader_.messages_.wait(self);
      std::exchange(self.handle_, nullptr).resume();
    }
    /// False while nothing is known yet.
    bool poll() {
      if (!reader_.parse_status_.ok()) return true;
      Message message;
      const MessageReader::Poll polled = reader_.messages_.poll(message);
      if (polled == MessageReader::Poll::Message) got_ = reader_.parse(message, into_);
      return polled != MessageReader::Poll::Pending;
    }

    Reader& reader_;
    T& into_;
    std::coroutine_handle<> handle_;  // while it waits
    bool got_ = false;
  };
  /// As ReadInto, into an object of its own.
  class Read {
   public:
    explicit Read(Reader& reader) : read_(reader, *result_) {}
    bool await_ready() { return read_.await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { read_.await_suspend(handle); }
    std::optional<T> await_resume() {
      if (!read_.await_resume()) result_.reset();
      return std::move(result_);
    }

   private:
    std::optional<T> result_{std::in_place};
    ReadInto read_;
  };

  bool parse(const Message& message, T& into) {
    parse_status_ = message.is_bytes() ? codec::parse(message.pieces(), into)
                                       : codec::parse(message.to_bytes(), into);
    return parse_status_.ok();
  }

  MessageReader& messages_;
  const Context& context_;
  Status parse_status_;
};

struct WriteOptions {
  /// Do not compress this message although the call has a compression.
  bool uncompressed = false;
  /// This is the last message: its end travels with it.
  bool last = false;
};

/// Writes messages of one type to a direction of a call.
template <class T>
class Writer {
 public:
  Writer(MessageWriter& messages, const Context& context) noexcept
      : messages_(messages), context_(context) {}
  /// Movable while nothing is being awaited.
  Writer(Writer&&) noexcept = default;

  /// Suspends while the peer's window is closed. False when the call is over; status() says why.
  /// `message` must live until this has been awaited.
  auto write(const T& message, WriteOptions options = {}) {
    return Write(messages_, message, options);
  }
  /// OK while messages can be written; else why not.
  Status status() const { return context_.cancel_reason(); }

 private:
  class Write : private Waiter {
   public:
    Write(MessageWriter& messages, const T& message, WriteOptions options) noexcept
        : Waiter(&Write::run), messages_(messages), message_(message), options_(options) {}
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    /// A coroutine may be destroyed while it waits.
    ~Write() {
      if (handle_) messages_.unwait();
    }
    bool await_ready() { return offer(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      handle_ = handle;
      messages_.wait(*this);
    }
    bool await_resume() const noexcept { return outcome_ == MessageWriter::Poll::Accepted; }

   private:
    static void run(Runnable& runnable) noexcept {
      auto& self = static_cast<Write&>(runnable);
      if (!self.offer()) return self.messages_.wait(self);
      std::exchange(self.handle_, nullptr).resume();
    }
    bool offer() {
      Message out = codec::message_of(message_);
      out.set_uncompressed(options_.uncompressed);
      if (options_.last) out = std::move(out).mark_last();
      outcome_ = messages_.offer(out);
      return outcome_ != MessageWriter::Poll::Blocked;
    }

    MessageWriter& messages_;
    const T& message_;
    std::coroutine_handle<> handle_;  // while it waits
    WriteOptions options_;
    MessageWriter::Poll outcome_ = MessageWriter::Poll::Blocked;
  };

  MessageWriter& messages_;
  const Context& context_;
};

}  // namespace weft
