#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "weft/base/intrusive_list.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/frame/small_task.h"
#include "weft/coro/task.h"
#include "weft/http2/session/session.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/connection/internal/request_head.h"
#include "weft/rpc/connection/internal/stream_messages.h"

namespace weft {
class Observer;
}

namespace weft::rpc {

class ServerConnection;
class ServerLoop;

/// Links a call into its server loop's list.
struct ServerCallNode : ListNode {};

/// The writing side of a call: its reading side is a base of it that has functions of the same
/// names.
class ServerResponses : public MessageWriter {
 public:
  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override;

 protected:
  ~ServerResponses() = default;
};

/// One call on the server, between its HTTP/2 stream and its handler. It lives until both have
/// ended: the handler may still run when the stream has been reset, and the stream may still be
/// sending when the handler has returned.
///
/// server_call.cc has the way from the headers to the end, server_response.cc what is sent.
///
/// Its status is decided once, in finish(): by the handler's return, by the deadline or by a broken
/// rule, whichever is first; a stream that is gone cancels the context and decides nothing more.
///
/// Each base is what somebody else holds of the one object:
///
///     Pooled           its memory comes from the thread's pool
///     ServerCallNode   the server loop's list of calls
///     Runnable         the turn in which it starts
///     StreamMessages   the requests, which the handler reads
///     ServerResponses  the responses, which the handler writes
///     Call             what the middlewares and the handler see
///
/// The last four call back into ServerCall. As bases they find it at a fixed offset. As members
/// each would keep a pointer to it: 32 bytes on 416, which every pending call pays for (the limit
/// asserted in server_call.cc is 424), and a load at every message and event.
class ServerCall final : public coro::Pooled,
                         public ServerCallNode,
                         private Runnable,
                         private StreamMessages,
                         private ServerResponses,
                         private Call {
 public:
  /// Makes a call of a request's header block and has it run in this turn; answers at once where
  /// the headers do not ask for a call that can be served.
  static void begin(ServerConnection& connection, http2::Stream& stream, http2::HeaderFields fields,
                    bool end_stream);

  // The stream's events
  void on_data(BytesView data, bool end_stream);
  void on_request_end();
  void on_drained() noexcept;
  void on_stream_closed(const http2::StreamEnd& end) noexcept;

  /// Cancels the handler and ends the call with `reason`.
  void cancel(const Status& reason) noexcept { context().cancel(reason); }
  using Call::path;

 private:
  friend class ServerResponses;
  MessageWriter::Poll send(const Message& message);

  // The inline ones are defined in one .cc, so that the compiler can fold each into its only
  // caller.

  inline ServerCall(ServerConnection& connection, http2::Stream& stream, RequestHead::Ref head);
  ~ServerCall();

  inline std::size_t memory_taken() const noexcept;
  static RequestHead::Ref read_head(ServerConnection& connection, http2::Stream& stream,
                                    http2::HeaderFields fields, bool end_stream);
  static RequestHead::Ref complete_head(ServerConnection& connection, http2::HeaderFields fields);
  static inline RequestHead::Ref find_head(ServerConnection& connection, http2::Stream& stream,
                                           http2::HeaderFields fields, bool end_stream);
  inline void keep_deadline();
  /// The call's turn has come.
  static void start(Runnable& runnable) noexcept;
  inline void on_task_done() noexcept;
  void release() noexcept;
  [[gnu::always_inline]] inline void end(const Status& status) noexcept;
  static void on_cancelled(weft::CancelHook& hook, const Status& reason) noexcept;
  net::Loop& messages_loop() noexcept override { return loop(); }
  void on_bad_message(const Status& status) override { cancel(status); }
  void on_unpacked(std::size_t packed, std::size_t plain) noexcept override;
  [[gnu::noinline]] void count_sent(const Message& message) noexcept;
  [[gnu::noinline]] void observe(Observer& observer) noexcept;
  // Where it is observed(); not inline, so that other calls pay for a test only.
  [[gnu::noinline]] void handler_begins() noexcept;
  [[gnu::noinline]] void decided(const Status& status) noexcept;
  [[gnu::noinline]] void tell_end(const Status& status) noexcept;
  [[gnu::noinline]] void forget_observer() noexcept;
  ServerConnection& connection() const noexcept;

  /// Ends the call: trailers go out, later events change nothing.
  void finish(const Status& status) noexcept;
  void stop_request() noexcept;
  bool announce();
  const Metadata& answer_metadata() const noexcept;
  const Metadata& answer_trailers() const noexcept;
  Status check(Metadata& metadata, std::string_view what);
  std::size_t header_list_limit() noexcept;
  /// What the trailers can say of `status` and of the metadata they bring.
  Status sendable(const Status& status) {
    return status.ok() && has_no_answer_metadata() ? Status() : checked(status);
  }
  Status checked(const Status& status);
  inline void send_headers();
  void send_trailers(const Status& status);
  inline Compression response_compression() const noexcept;
  std::string_view accepted_names() const noexcept;

  Compression sent_compression_ = Compression::Identity;  // as the headers said
  bool headers_sent_ = false;
  bool finished_ = false;
  bool task_done_ : 1 = false;
  bool starting_ : 1 = false;  // start() is under way, which looks at the call once more
  bool over_ : 1 = false;
  ServerLoop& server_;
  RequestHead::Ref head_;
  coro::SmallTask<Status> task_;
};

}  // namespace weft::rpc
