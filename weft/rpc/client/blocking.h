#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/run_blocking.h"
#include "weft/rpc/client/blocking_call.h"  // IWYU pragma: export
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/client_stream.h"

/// Calls for threads that run no loop: each operation runs on the channel's blocking_loop() while
/// the caller's thread waits. On that loop's own thread it would wait for itself, which ends the
/// program with a message. On another loop's thread, as in a handler, it keeps everybody else there
/// waiting, which is logged; in a handler that has not awaited anything before, the call inherits
/// the deadline and the cancellation of the call that is served.
namespace weft {

namespace rpc {

/// Holds a stream that lives on the channel's blocking loop, and runs operations on it there.
/// Operations of several threads may be under way at the same time where the stream itself allows
/// it.
template <class Stream>
class BlockingStream {
 public:
  BlockingStream(Channel& channel, const MethodDescriptor& method,
                 const google::protobuf::MessageLite* request, const CallOptions& options)
      : loop_(&channel.blocking_loop()),
        path_(method.path),
        stream_(net::run_blocking(*loop_, open(channel, method, request, options), path_)) {}
  /// What was moved from can only be destroyed or assigned to.
  BlockingStream(BlockingStream&&) noexcept = default;
  BlockingStream& operator=(BlockingStream&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(path_, other.path_);
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~BlockingStream() {
    // A stream may be touched on its own loop only, also by its destructor. That of a parent of
    // fork() does not run here, so its copies are left as they are.
    if (stream_ != nullptr && loop_->anchor()->is_parents()) {
      static_cast<void>(stream_.release());
    }
    if (stream_ != nullptr) net::run_blocking(*loop_, destroy(std::move(stream_)), path_);
  }

  /// Ends the call with CANCELLED; what waits in another thread's operation returns then.
  void cancel() { run(do_cancel(*stream_)); }
  /// Waits for the server's initial metadata, or the end of the call.
  Metadata response_metadata() { return run(do_response_metadata(*stream_)); }
  /// Complete once finish() has returned.
  Metadata trailers() { return run(do_trailers(*stream_)); }

 protected:
  template <class T>
  T run(Task<T> task) {
    return net::run_blocking(*loop_, std::move(task), path_);
  }
  Stream& stream() noexcept { return *stream_; }

  // Coroutines, also where the stream's function returns a task: what that function does before it
  // returns is for the loop's thread too.
  static auto do_finish(Stream& stream) -> decltype(stream.finish()) {
    Context* const context = co_await current_context();
    const CancelledWith cancelled(*context, stream);
    co_return co_await stream.finish();
  }
  template <class Message>
  static Task<std::optional<Message>> do_read(Stream& stream) {
    Context* const context = co_await current_context();
    const CancelledWith cancelled(*context, stream);
    co_return co_await stream.read();
  }
  template <class Message>
  static Task<bool> do_write(Stream& stream, const Message& message, WriteOptions options) {
    Context* const context = co_await current_context();
    const CancelledWith cancelled(*context, stream);
    co_return co_await stream.write(message, options);
  }

 private:
  using Owner = std::unique_ptr<Stream>;

  /// Cancels the stream's call when the context of an operation on it is cancelled.
  class CancelledWith : private CancelHook {
   public:
    CancelledWith(Context& context, Stream& stream) noexcept
        : CancelHook(&CancelledWith::cancel), stream_(stream) {
      if (!context.add_hook(*this)) stream_.cancel();
    }

   private:
    static void cancel(CancelHook& hook, const Status&) noexcept {
      static_cast<CancelledWith&>(hook).stream_.cancel();
    }
    Stream& stream_;
  };

  static Task<Owner> open(Channel& channel, const MethodDescriptor& method,
                          const google::protobuf::MessageLite* request, CallOptions options) {
    // Without a parent: the context of this coroutine is gone once the stream is open.
    Context* const context = co_await current_context();
    const TimePoint now = net::Loop::current()->now();
    if (context->deadline() < after(now, options.timeout)) {
      options.timeout = std::max(context->deadline() - now, Duration(1));
    }
    co_return std::make_unique<Stream>(
        StreamingCall::start(nullptr, channel, method, request, options));
  }
  static Task<> destroy(Owner stream) {
    stream.reset();
    co_return;
  }
  static Task<> do_cancel(Stream& stream) {
    stream.cancel();
    co_return;
  }
  static Task<Metadata> do_response_metadata(Stream& stream) {
    co_await stream.response_metadata_arrived();
    co_return stream.response_metadata();
  }
  static Task<Metadata> do_trailers(Stream& stream) { co_return stream.trailers(); }

  net::Loop* loop_;
  std::string_view path_;
  Owner stream_;
};

}  // namespace rpc

/// A server-streaming call: one request, many responses. Destroying one before the call's end
/// cancels the call; the channel must outlive it. For one reading thread at a time.
template <class Response>
class BlockingReader : public rpc::BlockingStream<ClientReader<Response>> {
 public:
  using BlockingReader::BlockingStream::BlockingStream;

  /// The next response; nothing at the end, and finish() then says what kind of end it was.
  [[nodiscard("a response that is dropped here is lost")]] std::optional<Response> read() {
    return this->run(this->template do_read<Response>(this->stream()));
  }
  /// How the call ended. Responses that were not read are dropped.
  Status finish() { return this->run(this->do_finish(this->stream())); }
};

/// A client-streaming call: many requests, one response. As BlockingReader otherwise.
template <class Request, class Response>
class BlockingWriter : public rpc::BlockingStream<ClientWriter<Request, Response>> {
 public:
  using BlockingWriter::BlockingStream::BlockingStream;

  /// False when the call is over; finish() says why.
  bool write(const Request& request, WriteOptions options = {}) {
    return this->run(this->do_write(this->stream(), request, options));
  }
  /// Ends the requests and waits for the response.
  Result<Response> finish() { return this->run(this->do_finish(this->stream())); }
};

/// A bidirectional call. One thread may read while another writes.
template <class Request, class Response>
class BlockingReaderWriter : public rpc::BlockingStream<ClientReaderWriter<Request, Response>> {
 public:
  using BlockingReaderWriter::BlockingStream::BlockingStream;

  [[nodiscard("a response that is dropped here is lost")]] std::optional<Response> read() {
    return this->run(this->template do_read<Response>(this->stream()));
  }
  bool write(const Request& request, WriteOptions options = {}) {
    return this->run(this->do_write(this->stream(), request, options));
  }
  /// No more requests.
  void half_close() { this->run(do_half_close(this->stream())); }
  /// Half-closes and waits for the end. Responses that were not read are dropped.
  Status finish() { return this->run(this->do_finish(this->stream())); }

 private:
  static Task<> do_half_close(ClientReaderWriter<Request, Response>& stream) {
    stream.half_close();
    co_return;
  }
};

}  // namespace weft
