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
  bool take(std::optional<Message> message, T& into) {
    if (!message || !parse_status_.ok()) return false;
    parse_status_ = codec::parse(message->pieces(), into);
    return parse_status_.ok();
  }

  class Awaiter {
   public:
    explicit Awaiter(Reader& reader) noexcept : reader_(reader), read_(reader.messages_.read()) {}
    bool await_ready() { return !reader_.parse_status_.ok() || read_.await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { read_.await_suspend(handle); }

   protected:
    Reader& reader_;
    MessageReader::ReadAwaiter read_;
  };
  class Read : public Awaiter {
   public:
    using Awaiter::Awaiter;
    std::optional<T> await_resume() {
      std::optional<T> result(std::in_place);
      if (!this->reader_.take(this->read_.await_resume(), *result)) result.reset();
      return result;
    }
  };
  class ReadInto : public Awaiter {
   public:
    ReadInto(Reader& reader, T& into) noexcept : Awaiter(reader), into_(into) {}
    bool await_resume() { return this->reader_.take(this->read_.await_resume(), into_); }

   private:
    T& into_;
  };

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
  auto write(const T& message, WriteOptions options = {}) { return Write(*this, message, options); }
  /// OK while messages can be written; else why not.
  Status status() const { return context_.cancel_reason(); }

 private:
  class Write {
   public:
    Write(Writer& writer, const T& message, WriteOptions options)
        : message_(make(message, options)), write_(writer.messages_.write(message_)) {}
    bool await_ready() { return write_.await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { write_.await_suspend(handle); }
    bool await_resume() const noexcept { return write_.await_resume(); }

   private:
    static Message make(const T& message, WriteOptions options) {
      Message out = codec::message_of(message);
      out.set_uncompressed(options.uncompressed);
      return options.last ? std::move(out).mark_last() : std::move(out);
    }
    Message message_;
    MessageWriter::WriteAwaiter write_;
  };

  MessageWriter& messages_;
  const Context& context_;
};

}  // namespace weft
