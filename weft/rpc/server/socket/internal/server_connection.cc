#include "weft/rpc/server/socket/internal/server_connection.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/rpc/server/internal/server_loop.h"

namespace weft::rpc {
namespace {

http2::SessionOptions session_options(const ServerOptions& options) {
  http2::SessionOptions session;
  session.role = http2::Role::Server;
  session.local.max_concurrent_streams = options.max_calls_per_connection;
  session.local.initial_window_size = options.stream_window;
  session.local.max_frame_size = kFrameSize;
  session.local.max_header_list_size = options.max_metadata_size;
  // What may still come when no more credit is given has to find room in the budget.
  const std::size_t room = connection_memory_limit(options) / 8;
  session.connection_window =
      static_cast<std::uint32_t>(std::min<std::size_t>(options.connection_window, room));
  session.max_window = options.max_window;
  session.most_ended_at_once = 16;
  session.abuse = options.abuse;
  return session;
}

Connection::KeepAlive keepalive(const ServerOptions& options) {
  return {.time = options.keepalive_time,
          .timeout = options.keepalive_timeout,
          .settings_timeout = options.handshake_timeout};
}

ServerCall& call_of(http2::Stream& stream) { return *static_cast<ServerCall*>(stream.user); }

}  // namespace

ServerConnection::ServerConnection(ServerLoop& server, std::unique_ptr<net::Stream> stream,
                                   PeerConnections::Slot slot)
    : Connection(
          server.loop(), std::move(stream), session_options(server.options()),
          keepalive(server.options()),
          ConnectionAccount::Ref::make(server.loop(), server.memory(), server.waiting_reads(),
                                       server.memory_limit_of_connection(),
                                       server.options().max_decompression_ratio)),
      server_(server),
      slot_(std::move(slot)) {
  const ServerOptions& options = server.options();
  if (options.handshake_timeout != kForever) {
    handshake_.arm(*this, after(loop().now(), options.handshake_timeout),
                   [](ServerConnection& self) noexcept {
                     self.close(unavailable("no HTTP/2 preface within the handshake timeout"));
                   });
  }
  if (const Duration age = server.connection_age(); age != kForever) {
    age_.arm(*this, after(loop().now(), age), [](ServerConnection& self) noexcept {
      self.aged_ = true;
      self.drain(unavailable("the connection has reached ServerOptions::max_connection_age"));
    });
  }
  arm_idle();
}

void ServerConnection::arm_idle() noexcept {
  const Duration idle = server_.options().max_connection_idle;
  if (idle == kForever) return;
  idle_.arm(*this, after(loop().now(), idle),
            [](ServerConnection& self) noexcept { self.idle_over(); });
}

void ServerConnection::idle_over() noexcept {
  if (session().open_streams() == 0) {
    drain(unavailable("the connection had no call for ServerOptions::max_connection_idle"));
  } else {
    arm_idle();
  }
}

/// `why` is for the observer.
void ServerConnection::drain(const Status& why) noexcept {
  if (draining_ || closed()) return;
  draining_ = true;
  using enum ConnectionEvent::What;
  if (server_.observer() != nullptr) tell(Leaving, ConnectionEvent::By::Local, why);
  session().begin_drain();
  // When the answer is here, so are the calls that were on their way (RFC 9113 section 6.8).
  session().ping(kOwnPing);
  flush_later();
  arm_drain(std::chrono::seconds(1));
}

void ServerConnection::arm_drain(Duration timeout) noexcept {
  drain_.arm(*this, after(loop().now(), timeout), [](ServerConnection& self) noexcept {
    if (!self.drain_finished_) return self.finish_drain();
    self.close(unavailable("the connection's age and grace are over"));
  });
}

[[gnu::cold]] void ServerConnection::shed() noexcept {
  const Status why = server_.holds_most(*memory());
  server_.log_refused(peer()->describe() + ": closed: " + std::string(why.message()));
  abort(http2::ErrorCode::EnhanceYourCalm, why);
  session().end_streams();  // now: who else has to go depends on what this gives back
  // What it does not read must not stay for as long as a GOAWAY is waited for.
  constexpr std::size_t kLittle = std::size_t{64} * 1024;
  if (session().output().size() > kLittle) return close(why);
  account();
}

void ServerConnection::finish_drain() noexcept {
  if (!draining_ || drain_finished_ || closed()) return;
  drain_finished_ = true;
  drain_.cancel();
  stop_reading(std::exchange(unwanted_, {}));
  session().finish_drain();
  flush_later();
  // A stop of the server has a grace of its own.
  const Duration grace = aged_ ? server_.options().max_connection_age_grace : kForever;
  if (grace != kForever) arm_drain(grace);
  close_when_idle();
}

void ServerConnection::read_to_its_end(http2::Stream& stream) {
  unwanted_.push_back(&stream);
  if (unwanted_.size() <= kMostUnwanted && !drain_finished_) return;
  stop_reading({unwanted_.front()});
}

/// Asks the client to send no more (RFC 9113 section 8.1).
void ServerConnection::stop_reading(const std::vector<http2::Stream*>& streams) {
  for (http2::Stream* stream : streams) session().reset(*stream, http2::ErrorCode::NoError);
}

void ServerConnection::on_activity() noexcept {
  if (session().in_header_block() || header_.armed()) [[unlikely]]
    watch_header_block();
  if (greeted_ || !session().peer_settings_received()) return;
  greeted_ = true;
  handshake_.cancel();
}

/// A client that begins a header block and never ends it holds memory and a connection without
/// having made a call.
void ServerConnection::watch_header_block() noexcept {
  if (!session().in_header_block()) return header_.cancel();
  flush_later();  // for the account
  if (header_.armed() || server_.options().header_timeout == kForever) return;
  header_.arm(*this, after(loop().now(), server_.options().header_timeout),
              [](ServerConnection& self) noexcept { self.header_overdue(); });
}

void ServerConnection::header_overdue() noexcept {
  abort(http2::ErrorCode::EnhanceYourCalm,
        unavailable("a header block was not complete after " +
                    weft::to_string(server_.options().header_timeout) +
                    " (ServerOptions::header_timeout)"));
}

void ServerConnection::on_flushed() noexcept {
  account();
  session().hold_connection_credit(memory()->many_unread());
  const bool waits = session().queued() != 0 || !session().output().empty();
  if (!waits || stall_.armed() || server_.options().stall_timeout == kForever) return;
  written_at_check_ = written();
  stall_.arm(*this, after(loop().now(), server_.options().stall_timeout),
             [](ServerConnection& self) noexcept { self.check_stalls(); });
}

/// Ends what the client has taken nothing of since the last check: the connection where it does not
/// read, the calls whose streams it gives no window.
void ServerConnection::check_stalls() noexcept {
  const std::string reason = "the client has read nothing of what was sent to it for " +
                             weft::to_string(server_.options().stall_timeout) +
                             " (ServerOptions::stall_timeout)";
  if (!session().output().empty() && written() == written_at_check_) {
    return close(unavailable(reason));
  }
  // The end of its call may be the stream's.
  const http2::Session::Hold hold(session());
  for (http2::Stream* stream : session().stalled_streams()) {
    if (OtherStream::has(*stream)) {
      OtherStream::of(*stream).cancel(resource_exhausted(reason));
    } else if (stream->user != nullptr) {
      call_of(*stream).cancel(resource_exhausted(reason));
    }
    session().reset(*stream, http2::ErrorCode::EnhanceYourCalm);
  }
  flush_later();
}

void ServerConnection::refuse(http2::Stream& stream, Admission::Verdict verdict,
                              const RequestHead& head, bool end_stream) {
  // What a header block of this takes at most, by a long way.
  constexpr std::uint32_t kRoom = 1024;
  const ServerLoop::Refusal refusal = server_.refuse_call(verdict);
  if (Observer* const observer = server_.observer()) {
    using Cause = RefusedCall::Cause;
    const Status status = unavailable(std::string(refusal.text));
    observer->on_refusal(
        {.cause = verdict == Admission::Verdict::DelayTooLong ? Cause::Overload : Cause::Deadline,
         .path = head.path(),
         .peer = *peer(),
         .status = status,
         .trace = &head.trace_context()});
  }
  const std::array<http2::HeaderField, 4> fields = {
      http2::HeaderField{":status", "200", http2::Token::Status},
      http2::HeaderField{"content-type", "application/grpc", http2::Token::ContentType},
      http2::HeaderField{"grpc-status", "14", http2::Token::GrpcStatus},
      http2::HeaderField{"grpc-message", refusal.text, http2::Token::GrpcMessage}};
  const bool spare = session().peer_settings().max_header_list_size < kRoom;
  if (std::exchange(refusal_version_, refusal.version) != refusal.version) refusal_ = {};
  session().send_headers(stream, std::span(fields).first(spare ? 3 : 4), refusal_, true);
  note_sent();
  if (!end_stream) read_to_its_end(stream);
  flush_later();
}

void ServerConnection::on_headers(http2::Stream& stream, http2::HeadersKind kind,
                                  http2::HeaderFields fields, bool end_stream) {
  if (kind == http2::HeadersKind::Initial) {
    ServerCall::begin(*this, stream, fields, end_stream);
  } else if (end_stream && stream.user != nullptr) {
    if (OtherStream::has(stream)) return OtherStream::of(stream).on_request_end(fields);
    // Request trailers carry nothing in gRPC.
    call_of(stream).on_request_end();
  }
}

[[gnu::cold]] void ServerConnection::on_headers_too_large(http2::Stream& stream,
                                                          http2::HeadersKind kind,
                                                          bool end_stream) {
  spend_on_headers(server_.options().max_metadata_size);
  if (kind != http2::HeadersKind::Initial) {
    session().reset(stream, http2::ErrorCode::EnhanceYourCalm);
  } else {
    const std::string message = "request metadata is larger than the limit of " +
                                std::to_string(server_.options().max_metadata_size) +
                                " bytes (ServerOptions::max_metadata_size)";
    if (Observer* const observer = server_.observer()) {
      const Status status = resource_exhausted(message);
      observer->on_refusal(
          {.cause = RefusedCall::Cause::Headers, .path = {}, .peer = *peer(), .status = status});
    }
    const http2::HeaderField fields[] = {
        {":status", "200", http2::Token::Status},
        {"content-type", "application/grpc", http2::Token::ContentType},
        {"grpc-status", "8", http2::Token::GrpcStatus},
        {"grpc-message", message, http2::Token::GrpcMessage},
    };
    session().send_headers(stream, fields, true);
    if (!end_stream) session().reset(stream, http2::ErrorCode::NoError);
  }
  flush_later();
}

void ServerConnection::on_data(http2::Stream& stream, BytesView data, bool end_stream) {
  if (OtherStream::has(stream)) [[unlikely]]
    return OtherStream::of(stream).on_data(data, end_stream);
  if (stream.user != nullptr) return call_of(stream).on_data(data, end_stream);
  // No credit is given for it, so one stream's window bounds what a client sends in vain.
  dropped_ += data.size();
  if (dropped_ > kMostDropped && !end_stream) stop_reading({&stream});
}

void ServerConnection::on_drained(http2::Stream& stream) {
  if (OtherStream::has(stream)) return OtherStream::of(stream).on_drained();
  if (stream.user != nullptr) call_of(stream).on_drained();
}

void ServerConnection::on_stream_closed(http2::Stream& stream, const http2::StreamEnd& end) {
  if (OtherStream::has(stream)) [[unlikely]] {
    OtherStream& other = OtherStream::of(stream);
    stream.user = nullptr;
    stream.kind = 0;
    other.on_stream_closed(end);
  } else if (stream.user != nullptr) {
    ServerCall& call = call_of(stream);
    stream.user = nullptr;
    call.on_stream_closed(end);
  } else {
    std::erase(unwanted_, &stream);
  }
  arm_idle();
  // The session still counts this stream; look again when the turn is over.
  flush_later();
}

void ServerConnection::on_ping() {
  // As gRPC counts (gRFC A8): a ping that comes too soon after the last is a strike, the third ends
  // the connection.
  constexpr int kStrikes = 2;
  const TimePoint now = loop().now();
  const ServerOptions& options = server_.options();
  // Responses also flow where nobody calls note_sent(): when a window opens.
  if (session().data_sent() != data_sent_at_ping_) note_sent();
  data_sent_at_ping_ = session().data_sent();
  const bool may_ping = session().open_streams() != 0 || options.ping_without_calls;
  const Duration interval = may_ping ? options.min_ping_interval : std::chrono::hours(2);
  if (last_ping_ != TimePoint{} && now < after(last_ping_, interval)) ++ping_strikes_;
  last_ping_ = now;
  if (ping_strikes_ > kStrikes) {
    log(LogLevel::Warn, peer()->describe() + ": too many pings: more often than every " +
                            weft::to_string(interval) + " (ServerOptions::min_ping_interval)");
    abort(http2::ErrorCode::EnhanceYourCalm, Status(StatusCode::Unavailable, "too_many_pings"));
  }
}

void ServerConnection::on_goaway(std::uint32_t, http2::ErrorCode code, std::string_view) {
  // The client will open no more streams; it closes when its calls are done.
  if (std::exchange(goaway_came_, true) || server_.observer() == nullptr) return;
  tell(ConnectionEvent::What::Leaving, ConnectionEvent::By::Peer,
       unavailable(std::string("the client sent GOAWAY ").append(http2::name_of(code))));
}

/// To the server's observer, where there is one.
void ServerConnection::tell(ConnectionEvent::What what, ConnectionEvent::By by,
                            const Status& status) noexcept {
  server_.tell({.what = what,
                .side = Call::Side::Server,
                .by = by,
                .address = peer()->address,
                .tls = peer()->tls.get(),
                .status = status});
}

void ServerConnection::on_closed(const Status& why) noexcept {
  for (Timer* timer : {&handshake_, &age_, &idle_, &drain_, &header_, &stall_}) timer->cancel();
  using enum ConnectionEvent::What;
  if (!greeted_) tell(Failed, closed_by(), why);
  tell(Closed, closed_by(), why);
  if (!greeted_ && !session().error().ok()) {
    server_.log_refused(why.to_string());
  } else if (log_enabled(LogLevel::Debug)) {
    log(LogLevel::Debug, "connection of " + peer()->describe() + " closed: " + why.to_string());
  }
  server_.connection_closed(*this);
}

}  // namespace weft::rpc
