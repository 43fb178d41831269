#pragma once

#include <concepts>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "weft/codec/protobuf.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/coded_message.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/call/message/slow_parse.h"

namespace weft {

namespace rpc {

/// Tells `reader` what it costs that its last message, of `size` bytes, is held as `object`. What
/// the record of a call is charged with covers less than this.
inline constexpr std::size_t kMeasuredFrom = 512;
template <class T>
void hold_parsed(MessageReader& reader, std::size_t size, const T& object) {
  if (size < kMeasuredFrom) [[likely]]
    return;
  reader.hold(&object, [](const void* it) { return codec::memory_of(*static_cast<const T*>(it)); });
}

}  // namespace rpc

/// Reads messages of one type from a direction of a call.
///
///     while (std::optional<Item> item = co_await reader.read()) { ... }
///     if (!reader.status().ok()) co_return reader.status();   // it broke off, rather than ended
template <class T>
class Reader {
 public:
  /// `codec`: Call::codec().
  Reader(MessageReader& messages, Context& context, const Codec* codec = nullptr) noexcept
      : messages_(&messages), context_(context), codec_(codec) {}
  /// Movable while nothing is being awaited.
  Reader(Reader&&) noexcept = default;
  ~Reader() { rpc::forget_ended(messages_); }

  /// The next message; nothing when the other side has ended its stream, when the call is over, or
  /// when a message does not parse. status() tells these apart.
  [[nodiscard("co_await it: until then nothing happens")]] auto read() { return Read(*this); }
  /// As read(), into an object that is used again, so that its memory is. False at the end.
  [[nodiscard("co_await it: until then nothing happens")]] auto read(T& into) {
    return ReadInto(*this, into);
  }

  /// OK while messages come and after a regular end; else why there will be no more.
  Status status() const {
    return parse_status_.ok() ? Status(context_.cancel_reason()) : parse_status_;
  }
  /// Why a message did not parse; OK as long as all did.
  const Status& parse_status() const noexcept { return parse_status_; }

 private:
  /// Reads into an object without keeping the message's bytes in the coroutine's frame, which every
  /// idle stream pays for.
  class [[nodiscard("co_await it: until then nothing happens")]] ReadInto
      : public DirectionAwaiter<ReadInto, MessageReader> {
   public:
    ReadInto(Reader& reader, T& into) noexcept
        : ReadInto::DirectionAwaiter(*reader.messages_), reader_(reader), into_(into) {}
    bool await_resume() const noexcept { return got_; }

   private:
    friend class DirectionAwaiter<ReadInto, MessageReader>;
    bool advance() {
      if (!reader_.parse_status_.ok()) return true;
      if (slow_ != nullptr) {
        got_ = reader_.take(*std::exchange(slow_, nullptr), into_);
        return true;
      }
      Message message;
      const MessageReader::Poll polled = this->direction().poll(message);
      if (polled != MessageReader::Poll::Message) return polled == MessageReader::Poll::End;
      const std::optional<bool> parsed = reader_.parse(message, into_, slow_);
      got_ = parsed.value_or(false);
      return parsed.has_value();
    }
    void wait_on(Waiter& waiter) noexcept {
      slow_ != nullptr ? slow_->wait(waiter, reader_.context_) : this->direction().wait(waiter);
    }

    Reader& reader_;
    T& into_;
    std::unique_ptr<rpc::SlowParse> slow_;
    bool got_ = false;
  };
  /// As ReadInto, into an object of its own.
  class [[nodiscard("co_await it: until then nothing happens")]] Read {
   public:
    explicit Read(Reader& reader) : reader_(reader), read_(reader, *result_) {}
    bool await_ready() {
      // The caller usually no longer has its last message.
      if (std::exchange(reader_.held_, false)) reader_.messages_->hold(nullptr, nullptr);
      return read_.await_ready();
    }
    void await_suspend(std::coroutine_handle<> handle) noexcept { read_.await_suspend(handle); }
    std::optional<T> await_resume() {
      if (!read_.await_resume()) result_.reset();
      return std::move(result_);
    }

   private:
    Reader& reader_;
    std::optional<T> result_{std::in_place};
    ReadInto read_;
  };

  /// Nothing where it is slow.
  std::optional<bool> parse(const Message& message, T& into,
                            std::unique_ptr<rpc::SlowParse>& slow) {
    if (codec_ != nullptr) [[unlikely]] {
      parse_status_ = rpc::decode(*codec_, message, into);
    } else if (message.size() <= rpc::SlowParse::kNeverSlow) [[likely]] {
      parse_status_ = codec::parse(message, into);
    } else {
      std::optional<Status> status = rpc::SlowParse::try_parse(message, into, slow);
      if (!status) {
        rpc::renew(into);
        // What it waits for is not work of this reader's.
        slow->hold(*messages_);
        held_ = true;
        return std::nullopt;
      }
      parse_status_ = *std::move(status);
    }
    held_ = message.size() >= rpc::kMeasuredFrom;
    rpc::hold_parsed(*messages_, message.size(), into);
    return parse_status_.ok();
  }
  bool take(rpc::SlowParse& slow, T& into) {
    if (!slow.done()) {  // the call is over, and an OK does not stand where a message is lost
      parse_status_ = Status(context_.cancel_reason());
      return false;
    }
    parse_status_ = std::move(slow.status());
    slow.swap_into(into);
    held_ = true;
    slow.hold(*messages_);
    return parse_status_.ok();
  }

  MessageReader* messages_;
  Context& context_;
  const Codec* codec_;
  Status parse_status_;
  bool held_ = false;  // the last message is accounted for
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
  /// `codec`: Call::codec().
  Writer(MessageWriter& messages, Context& context, const Codec* codec = nullptr) noexcept
      : messages_(&messages), context_(context), codec_(codec) {}
  /// Movable while nothing is being awaited.
  Writer(Writer&&) noexcept = default;
  ~Writer() { rpc::forget_ended(messages_); }

  /// Suspends while the peer's window is closed. False when the call is over; status() says why.
  /// `message` must live until this has been awaited.
  [[nodiscard("co_await it: until then nothing happens")]] auto write(const T& message,
                                                                      WriteOptions options = {}) {
    return Write(*this, message, options);
  }
  /// OK while messages can be written; else why not.
  Status status() const { return context_.cancel_reason(); }

 private:
  class [[nodiscard("co_await it: until then nothing happens")]] Write
      : public DirectionAwaiter<Write, MessageWriter> {
   public:
    Write(Writer& writer, const T& message, WriteOptions options) noexcept
        : Write::DirectionAwaiter(*writer.messages_),
          writer_(writer),
          message_(message),
          options_(options) {}
    bool await_resume() const noexcept { return outcome_ == MessageWriter::Poll::Accepted; }

   private:
    friend class DirectionAwaiter<Write, MessageWriter>;
    bool advance() {
      if (writer_.codec_ != nullptr) [[unlikely]]
        return advance_coded();
      Message out = codec::message_of(message_);
      out.set_uncompressed(options_.uncompressed);
      if (options_.last) out = std::move(out).mark_last();
      outcome_ = this->direction().offer(out);
      return outcome_ != MessageWriter::Poll::Blocked;
    }
    bool advance_coded() {
      outcome_ = rpc::offer_coded(*writer_.codec_, message_,
                                  {.uncompressed = options_.uncompressed, .last = options_.last},
                                  encoded_, this->direction(), writer_.context_);
      return outcome_ != MessageWriter::Poll::Blocked;
    }

    Writer& writer_;
    const T& message_;
    std::unique_ptr<Message> encoded_;  // with a codec, while it is blocked
    WriteOptions options_;
    MessageWriter::Poll outcome_ = MessageWriter::Poll::Blocked;
  };

  MessageWriter* messages_;
  Context& context_;
  const Codec* codec_;
};

}  // namespace weft
