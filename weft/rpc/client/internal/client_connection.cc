#include "weft/rpc/client/internal/client_connection.h"

#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/rpc/client/internal/client_call.h"

namespace weft::rpc {
namespace {

http2::SessionOptions session_options(const ChannelOptions& options) {
  http2::SessionOptions session;
  session.role = http2::Role::Client;
  session.local.initial_window_size = options.stream_window;
  session.local.max_frame_size = kFrameSize;
  session.local.max_header_list_size = options.max_metadata_size;
  session.connection_window = options.connection_window;
  session.max_window = options.max_window;
  return session;
}

Connection::KeepAlive keepalive(const ChannelOptions& options) {
  return {.time = options.keepalive_time,
          .timeout = options.keepalive_timeout,
          .without_calls = options.keepalive_without_calls,
          .settings_timeout = options.connect_timeout};
}

// Methods whose headers a connection remembers: more than most clients call.
constexpr std::size_t kMostUsual = 32;

// A server's words in GOAWAY are for people; more than a line is not.
constexpr std::size_t kLongestDebug = 256;

ClientCall* call_of(http2::Stream& stream) { return static_cast<ClientCall*>(stream.user); }

}  // namespace

ClientConnection::ClientConnection(net::Loop& loop, ClientConnectionOwner& owner,
                                   std::unique_ptr<net::Stream> stream,
                                   const ChannelOptions& options)
    : Connection(loop, std::move(stream), session_options(options), keepalive(options),
                 ConnectionAccount::Ref::make(loop)),
      owner_(owner),
      idle_timeout_(options.idle_timeout),
      max_metadata_size_(options.max_metadata_size),
      accepted_(options.accepted_compressions),
      propagation_(options.propagation),
      last_used_(loop.now()) {}

void ClientConnection::complete_ready(const Status& status) noexcept {
  if (net::Wait* wait = std::exchange(ready_wait_, nullptr); wait != nullptr) {
    wait->complete(status);
  }
}

void ClientConnection::on_settings() {
  if (!ready_) {
    ready_ = true;
    complete_ready({});
    if (idle_timeout_ != kForever) loop().arm(idle_timer_, after(last_used_, idle_timeout_));
  }
  owner_.on_capacity();
}

std::unique_ptr<UsualHeaders> ClientConnection::make_usual_headers(std::string_view content_type,
                                                                   std::string_view path,
                                                                   const std::string& authority,
                                                                   const std::string& user_agent) {
  using http2::Token;
  auto made = std::make_unique<UsualHeaders>();
  made->path = path;
  made->content_type = content_type;
  made->fields = {{{":method", "POST", Token::Method},
                   {":scheme", peer()->tls ? "https" : "http", Token::Scheme},
                   {":path", made->path, Token::Path},
                   {":authority", authority, Token::Authority},
                   {"te", "trailers", Token::Te},
                   {"content-type", made->content_type, Token::ContentType},
                   {"user-agent", user_agent, Token::UserAgent},
                   {"grpc-accept-encoding", accepted_.names(), Token::GrpcAcceptEncoding}}};
  for (const http2::HeaderField& field : made->fields) made->size += field.size();
  return made;
}

UsualHeaders& ClientConnection::find_usual_headers(std::string_view path,
                                                   const std::string& authority,
                                                   const std::string& user_agent) {
  for (const auto& known : usual_) {
    if (known->path == path) return *(last_usual_ = known.get());
  }
  auto made = make_usual_headers("application/grpc", path, authority, user_agent);
  last_usual_ = made.get();
  if (usual_.size() < kMostUsual) {
    usual_.push_back(std::move(made));
  } else {
    usual_[next_usual_++ % kMostUsual] = std::move(made);
  }
  return *last_usual_;
}

UsualHeaders& ClientConnection::coded_headers(std::string_view content_type, std::string_view path,
                                              const std::string& authority,
                                              const std::string& user_agent) {
  for (const auto& known : coded_) {
    if (known->path == path && known->content_type == content_type) return *known;
  }
  auto made = make_usual_headers(content_type, path, authority, user_agent);
  if (coded_.size() < kMostUsual) return *coded_.emplace_back(std::move(made));
  return *(coded_[next_coded_++ % kMostUsual] = std::move(made));
}

void ClientConnection::on_headers(http2::Stream& stream, http2::HeadersKind kind,
                                  http2::HeaderFields fields, bool end_stream) {
  of_use_ = true;
  if (ClientCall* call = call_of(stream)) call->on_headers(kind, fields, end_stream);
}

void ClientConnection::on_headers_too_large(http2::Stream& stream, http2::HeadersKind, bool) {
  spend_on_headers(max_metadata_size_);
  if (ClientCall* call = call_of(stream)) {
    call->end_early(resource_exhausted("response metadata is larger than the limit of " +
                                       std::to_string(max_metadata_size_) +
                                       " bytes (ChannelOptions::max_metadata_size)"));
  }
}

void ClientConnection::on_data(http2::Stream& stream, BytesView data, bool end_stream) {
  if (ClientCall* call = call_of(stream)) call->on_data(data, end_stream);
}

void ClientConnection::on_drained(http2::Stream& stream) {
  if (ClientCall* call = call_of(stream)) call->on_drained();
}

void ClientConnection::on_stream_closed(http2::Stream& stream, const http2::StreamEnd& end) {
  if (ClientCall* call = call_of(stream)) {
    stream.user = nullptr;
    call->on_stream_closed(end);
  }
  // A stream that ends by itself does so with what has just been read.
  last_used_ = end.by == http2::StreamEnd::By::Completion ? last_read() : loop().now();
  owner_.on_capacity();
  // The session still counts this stream; a draining connection looks again when the turn is over.
  if (leaving_) flush_later();
}

[[gnu::cold]] void ClientConnection::on_goaway(std::uint32_t last_stream_id, http2::ErrorCode code,
                                               std::string_view debug) {
  goaway_ = http2::name_of(code);
  if (!debug.empty()) goaway_.append(": ").append(debug.substr(0, kLongestDebug));
  // What weft's servers of TLS say to plaintext.
  if (code == http2::ErrorCode::InadequateSecurity && peer()->tls == nullptr) {
    goaway_.append(" (ChannelOptions::tls is not set)");
  }
  if (code != http2::ErrorCode::NoError) {
    // Its calls, and whoever waits for it, are told in their statuses.
    const bool told = !ready_ || session().open_streams() != 0;
    log(told ? LogLevel::Debug : LogLevel::Warn,
        peer()->describe() + ": the server sent GOAWAY " + goaway_);
  }
  if (code == http2::ErrorCode::EnhanceYourCalm && debug == "too_many_pings") {
    owner_.on_too_many_pings();
  }
  if (last_stream_id != 0 && session().open_streams() != 0) of_use_ = true;
  leaving_ = true;
  if (!std::exchange(goaway_came_, true)) owner_.on_goaway(*this);
  owner_.on_leaving(*this);
  close_when_idle();
}

/// It stays until the server has seen why, but is of no use to calls any more.
[[gnu::cold]] void ClientConnection::on_connection_error(http2::ErrorCode code,
                                                         const Status& status) {
  Connection::on_connection_error(code, status);
  owner_.on_leaving(*this);
}

[[gnu::cold]] Status ClientConnection::why_lost() {
  const Status& reason = session().error().ok() ? close_reason() : session().error();
  const std::string who = peer()->describe();
  if (reason.ok()) {
    return Status(
        StatusCode::Unavailable,
        who + ": the server is leaving (GOAWAY " + goaway_ + ") and did not take the call",
        Origin::Transport);
  }
  if (reason.origin() == Origin::Local && leaving_ && !goaway_.empty()) {
    return Status(StatusCode::Unavailable, who + ": the server sent GOAWAY " + goaway_,
                  Origin::Transport);
  }
  std::string message(reason.message());
  const bool named = message.starts_with(who) || reason.origin() != Origin::Transport;
  if (!named) message.insert(0, who + ": ");
  if (!goaway_.empty()) message.append("; before, the server sent GOAWAY ").append(goaway_);
  return Status(reason.code(), message, reason.origin());
}

void ClientConnection::on_closed(const Status& why) noexcept {
  idle_timer_.cancel();
  complete_ready(why);
  owner_.on_connection_closed(*this);
}

void ClientConnection::idle_due(net::Timer& timer) noexcept {
  ClientConnection& self = static_cast<IdleTimer&>(timer).connection;
  const TimePoint due = after(self.last_used_, self.idle_timeout_);
  const TimePoint now = self.loop().now();
  if (self.session().open_streams() != 0) {
    self.loop().arm(self.idle_timer_, after(now, self.idle_timeout_));
    return;
  }
  if (due > now) {
    self.loop().arm(self.idle_timer_, due);
    return;
  }
  self.leaving_ = true;
  self.close_when_idle();
}

}  // namespace weft::rpc
