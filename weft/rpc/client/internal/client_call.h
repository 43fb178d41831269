#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/coro/context.h"
#include "weft/http2/session/session.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/connection/internal/stream_messages.h"
#include "weft/rpc/grpc/internal/foreign_answer.h"

namespace weft::rpc {

class ClientConnection;
class HeaderScratch;
struct UsualHeaders;

/// Whether an attempt may be made again as if it never had been (gRFC A6, transparent retry).
enum class Repeat : std::uint8_t {
  No,
  Refused,  ///< once: the server says that it has not begun it
  Unsent,   ///< however often: the server knows nothing of it
};

/// One attempt of a call on one connection: sends the call's requests as they come and receives
/// what the server answers. Lives in the frame of the coroutine that serves the call. Its status is
/// decided once, by the trailers, by a cancellation, by a broken rule or by the end of the stream,
/// whichever is first.
class ClientCall final : private CancelHook, private StreamMessages {
 public:
  ClientCall(ClientConnection& connection, Call& call, const std::string& authority,
             const std::string& user_agent);
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;
  ~ClientCall();

  void start();
  /// What the server sends; at its end status() is known.
  MessageReader& responses() noexcept { return *this; }
  const Status& status() const noexcept { return status_; }
  /// Once it has ended.
  Repeat may_repeat() const noexcept { return cancelled_ ? Repeat::No : repeat_; }

  /// Ends the call with `reason`; the server is told.
  void end_early(const Status& reason) noexcept;
  /// A response cannot be given to the application: an OK of the server does not stand then, since
  /// it may have come before its messages were read.
  void not_delivered(const Status& reason) noexcept;

  // The stream's events
  void on_headers(http2::HeadersKind kind, http2::HeaderFields fields, bool end_stream);
  void on_data(BytesView data, bool end_stream);
  void on_drained() noexcept { wake_writer(); }
  void on_stream_closed(const http2::StreamEnd& end) noexcept;

 private:
  struct Pump : Runnable {
    explicit Pump(ClientCall& owner) noexcept : Runnable(&ClientCall::run_pump), self(owner) {}
    ClientCall& self;
  };

  Status send_headers(TimePoint now);
  void add_unusual_headers(TimePoint now, const UsualHeaders& usual, HeaderScratch& scratch);
  [[gnu::noinline]] const Metadata& carrying_metadata(const UsualHeaders& usual,
                                                      HeaderScratch& scratch);
  static void run_pump(Runnable& runnable) noexcept;
  void pump();
  bool send(const Message& message);
  void stop_pumping() noexcept;

  Status find_coded_headers(UsualHeaders*& found);
  bool is_of_format(std::string_view content_type) const noexcept;
  bool is_known(http2::HeadersKind kind, bool end_stream);
  void remember(http2::HeadersKind kind);
  void read_initial(http2::HeaderFields fields, bool trailers_only);
  void response_ended() noexcept;
  void read_trailers(http2::HeaderFields fields);
  bool take_metadata(const http2::HeaderField& field, Metadata& metadata);
  void read_foreign(http2::HeaderFields fields, std::string_view content_type, bool trailers_only);
  void take_foreign(std::string_view data, bool end_stream);
  void give_up_stream() noexcept;
  static Repeat repeat_after(const http2::StreamEnd& end) noexcept;
  Status status_without_trailers() const;
  Status status_of_end(const http2::StreamEnd& end) const;
  void decide(Status status) noexcept;
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept;
  net::Loop& messages_loop() noexcept override { return call_.loop(); }
  void on_bad_message(const Status& status) override { not_delivered(status); }
  void on_unpacked(std::size_t packed, std::size_t plain) noexcept override;
  [[gnu::noinline]] void count_sent(const Message& message) noexcept;

  ClientConnection& connection_;
  Call& call_;
  const std::string& authority_;
  const std::string& user_agent_;
  Pump pump_{*this};
  Status status_;
  Status early_status_;                     // of a block that did not end the stream
  std::unique_ptr<ForeignAnswer> foreign_;  // where the response is not gRPC's
  int http_status_ = 0;
  bool waiting_for_request_ = false;
  bool decided_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
  Repeat repeat_ = Repeat::No;
};

}  // namespace weft::rpc
