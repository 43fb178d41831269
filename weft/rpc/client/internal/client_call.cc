#include "weft/rpc/client/internal/client_call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/rpc/client/internal/client_connection.h"
#include "weft/rpc/connection/internal/header_scratch.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

/// Of a header block that a server sends again and again: that it is the usual one of its kind,
/// with nothing in it for the application.
struct HeadMemo final : http2::HeaderMemo {
  explicit HeadMemo(http2::HeadersKind of) noexcept : kind(of) {}
  http2::HeadersKind kind;
};

/// Fields of the protocol's, which are no metadata.
bool is_ours(Token token) noexcept {
  switch (token) {
    case Token::Status:
    case Token::ContentType:
    case Token::GrpcEncoding:
    case Token::GrpcAcceptEncoding:
    case Token::GrpcStatus:
    case Token::GrpcMessage:
    case Token::GrpcStatusDetailsBin:
      return true;
    default:
      return false;
  }
}

/// What a block says of the call's end; nothing where it has no grpc-status.
std::optional<Status> named_status(http2::HeaderFields fields) {
  const HeaderField* code_field = nullptr;
  std::string message;
  std::string details;
  for (const HeaderField& field : fields) {
    if (field.token == Token::GrpcStatus) code_field = &field;
    if (field.token == Token::GrpcMessage) message = percent_decode(field.value);
    if (field.token == Token::GrpcStatusDetailsBin && !base64_decode(field.value, details)) {
      details.clear();
    }
  }
  if (code_field == nullptr) return std::nullopt;
  StatusCode code = StatusCode::Unknown;
  if (!parse_status(code_field->value, code)) {
    message.insert(0, "the server sent grpc-status '" +
                          std::string(code_field->value.substr(0, 32)) +
                          "', which is no status code: ");
  }
  const Status status(code, message, Origin::Peer);
  return details.empty() ? status : status.with_details(details);
}

std::string content_type_of(const Codec& codec) {
  return std::string("application/grpc+").append(codec.name());
}

// Of the fields beside the usual and the metadata, and of base64, in a request that carries a
// trace.
constexpr std::size_t kOtherFields = 256;

/// What metadata take of a header list.
std::size_t encoded_size(const Metadata& metadata) noexcept {
  std::size_t size = metadata.wire_size();
  for (const Metadata::Entry entry : metadata) {
    if (entry.name.ends_with("-bin")) size += base64_size(entry.value.size()) - entry.value.size();
  }
  return size;
}

}  // namespace

ClientCall::ClientCall(ClientConnection& connection, Call& call, const std::string& authority,
                       const std::string& user_agent)
    : CancelHook(&ClientCall::on_cancelled),
      StreamMessages(call.max_receive_size()),
      connection_(connection),
      call_(call),
      authority_(authority),
      user_agent_(user_agent) {
  set_single(call.method() != nullptr && !streams_responses(call.method()->kind));
}

ClientCall::~ClientCall() {
  stop_pumping();
  if (stream() != nullptr) {
    stream()->user = nullptr;
    connection_.session().reset(*stream(), http2::ErrorCode::Cancel);
    connection_.flush_later();
  }
}

void ClientCall::start() {
  call_.set_peer(connection_.peer());
  if (CallStats* const stats = call_.stats()) [[unlikely]] {
    ++stats->attempts;
    set_observed();
  }
  if (!call_.context().add_hook(*this)) return decide(call_.context().cancel_reason());
  TimePoint now{};
  // Where there is no deadline the clock is not asked, which costs more than the rest here.
  if (call_.context().deadline() != kNever) {
    now = call_.loop().now();
    if (call_.context().deadline() <= now) {
      return decide(deadline_exceeded("the deadline had passed before the call was sent"));
    }
    call_.watch_deadline();
  }
  Status sent = send_headers(now);
  if (!sent.ok()) return decide(std::move(sent));
  pump();
}

/// What a call may have beside the usual: deadline, compression, attempts and metadata. `now`
/// counts where there is a deadline.
void ClientCall::add_unusual_headers(TimePoint now, const UsualHeaders& usual,
                                     HeaderScratch& scratch) {
  std::vector<HeaderField>& fields = scratch.fields();
  const Metadata* metadata = &std::as_const(call_).request_metadata();
  if (call_.context().has_luggage()) [[unlikely]]
    metadata = &carrying_metadata(usual, scratch);
  if (!metadata->empty()) append_fields(*metadata, fields, scratch.text());
  // Last, so that calls with the same metadata begin alike (http2::Session::known_beginning).
  if (call_.context().deadline() != kNever) {
    std::array<char, 10>& timeout = scratch.timeout();
    const Duration left = call_.context().deadline() - now;
    fields.push_back({"grpc-timeout",
                      {timeout.data(), format_timeout(left, timeout.data())},
                      Token::GrpcTimeout});
  }
  if (call_.compression() != Compression::Identity) {
    fields.push_back({"grpc-encoding", name_of(call_.compression()), Token::GrpcEncoding});
  }
  if (call_.previous_attempts() != 0) {
    std::array<char, 10>& attempts = scratch.attempts();
    const auto end = std::to_chars(attempts.data(), attempts.data() + attempts.size(),
                                   call_.previous_attempts());
    fields.push_back({"grpc-previous-rpc-attempts",
                      {attempts.data(), static_cast<std::size_t>(end.ptr - attempts.data())},
                      Token::GrpcPreviousRpcAttempts});
  }
}

/// The call's metadata with its context's trace and baggage, of which no more is added than the
/// server takes: a call does not fail for what it carries.
const Metadata& ClientCall::carrying_metadata(const UsualHeaders& usual, HeaderScratch& scratch) {
  Metadata& metadata = scratch.metadata();
  metadata = std::as_const(call_).request_metadata();
  const std::size_t limit = connection_.session().peer_settings().max_header_list_size;
  const std::size_t taken = usual.size + encoded_size(metadata) + kOtherFields;
  inject_context(connection_.propagation(), call_.context(), metadata,
                 limit - std::min(limit, taken));
  return metadata;
}

/// INVALID_ARGUMENT for a codec of a name that no content-type can have.
[[gnu::cold]] Status ClientCall::find_coded_headers(UsualHeaders*& found) {
  const Codec& codec = *call_.codec();
  if (Status valid = codec::check_name(codec.name()); !valid.ok()) {
    return valid.with_prefix("CallOptions::codec");
  }
  found = &connection_.coded_headers(content_type_of(codec), call_.path(), authority_, user_agent_);
  return {};
}

/// RESOURCE_EXHAUSTED for more than the server takes, which might end the whole connection.
Status ClientCall::send_headers(TimePoint now) {
  UsualHeaders* found = nullptr;
  if (call_.codec() == nullptr) [[likely]] {
    found = &connection_.usual_headers(call_.path(), authority_, user_agent_);
  } else if (Status coded = find_coded_headers(found); !coded.ok()) {
    return coded;
  }
  UsualHeaders& usual = *found;
  HeaderScratch scratch;
  add_unusual_headers(now, usual, scratch);
  const http2::HeaderFields more = scratch.fields();
  std::size_t size = usual.size;
  for (const HeaderField& field : more) size += field.size();
  const std::size_t limit = connection_.session().peer_settings().max_header_list_size;
  if (size > limit) [[unlikely]] {
    return resource_exhausted("request metadata of " + std::to_string(size) +
                              " bytes is larger than the limit of " + std::to_string(limit) +
                              " that " + connection_.peer()->describe() +
                              " has announced (SETTINGS_MAX_HEADER_LIST_SIZE)");
  }
  http2::Stream& stream =
      connection_.session().open_stream(usual.fields, usual.block, more, false, this);
  attach(connection_, stream);
  connection_.flush_later();
  return {};
}

void ClientCall::run_pump(Runnable& runnable) noexcept {
  ClientCall& self = static_cast<Pump&>(runnable).self;
  self.waiting_for_request_ = false;
  self.pump();
}

/// Sends requests until there is none, the peer's window is closed, or there are no more.
void ClientCall::pump() {
  for (;;) {
    http2::Stream* stream = this->stream();
    if (stream == nullptr || stream->local_ended()) return;
    if (output_blocked()) return wait_output(pump_);
    Message message;
    switch (call_.requests().poll(message)) {
      case MessageReader::Poll::Message:
        if (!send(message)) return;
        break;
      case MessageReader::Poll::End:
        connection_.session().queue_data(*stream, Bytes(), true);
        connection_.flush_later();
        return;
      case MessageReader::Poll::Pending:
        waiting_for_request_ = true;
        return call_.requests().wait(pump_);
    }
  }
}

bool ClientCall::send(const Message& message) {
  if (message.size() > call_.max_send_size()) {
    end_early(resource_exhausted("request message of " + std::to_string(message.size()) +
                                 " bytes is larger than the limit of " +
                                 std::to_string(call_.max_send_size()) +
                                 " (ChannelOptions::max_send_size)"));
    return false;
  }
  Status sent = connection_.send_message(*stream(), message, call_.compression(), message.last());
  if (observed()) [[unlikely]]
    count_sent(message);
  if (!sent.ok()) end_early(sent);
  return sent.ok();
}

void ClientCall::on_unpacked(std::size_t packed, std::size_t plain) noexcept {
  if (CallStats* const stats = call_.stats()) stats->received_wire_bytes += packed - plain;
}

/// What the attempt's counter does not know: that it was compressed.
void ClientCall::count_sent(const Message& message) noexcept {
  CallStats* const stats = call_.stats();
  if (stats == nullptr || !Connection::compresses(message, call_.compression())) return;
  stats->sent_wire_bytes -= static_cast<std::uint64_t>(connection_.saved_last());
}

void ClientCall::stop_pumping() noexcept {
  if (std::exchange(waiting_for_request_, false)) call_.requests().unwait();
  RunnableQueue::remove(pump_);
}

void ClientCall::on_headers(http2::HeadersKind kind, http2::HeaderFields fields, bool end_stream) {
  if (decided_ || kind == http2::HeadersKind::Informational) return;
  if (foreign_ == nullptr && is_known(kind, end_stream)) {
    if (kind == http2::HeadersKind::Trailers) {
      decide({});
      return response_ended();
    }
    // What is remembered are headers of protobuf.
    if (call_.codec() == nullptr) [[likely]]
      return call_.announce_response_metadata();
  }
  // A response of one header block is Trailers-Only, and its metadata trailing metadata.
  if (kind == http2::HeadersKind::Initial) read_initial(fields, end_stream);
  if (!end_stream || decided_) return;
  read_trailers(fields);
  response_ended();
}

/// Whether the block is one that has been found to say no more than most do: that a gRPC response
/// begins, or that it ended with OK.
bool ClientCall::is_known(http2::HeadersKind kind, bool end_stream) {
  const std::unique_ptr<http2::HeaderMemo>* memo = connection_.session().memo();
  if (memo == nullptr || *memo == nullptr) return false;
  const HeadMemo& known = static_cast<const HeadMemo&>(**memo);
  if (known.kind != kind || end_stream != (kind == http2::HeadersKind::Trailers)) return false;
  http_status_ = 200;
  return true;
}

void ClientCall::remember(http2::HeadersKind kind) {
  std::unique_ptr<http2::HeaderMemo>* memo = connection_.session().memo();
  if (memo != nullptr && *memo == nullptr) *memo = std::make_unique<HeadMemo>(kind);
}

Status ClientCall::status_without_trailers() const {
  if (foreign_ != nullptr) return foreign_->status();
  if (!early_status_.ok()) return early_status_;
  return Status(StatusCode::Unknown, "the server ended the stream without a grpc-status",
                Origin::Peer);
}

/// The server has ended its side. If ours is still open nobody will read it, so the stream goes.
void ClientCall::response_ended() noexcept {
  http2::Stream* stream = this->stream();
  if (!decided_) decide(status_without_trailers());
  if (stream == nullptr || (stream->local_ended() && stream->queued() == 0)) return;
  stop_pumping();
  connection_.session().reset(*stream, http2::ErrorCode::NoError);
  connection_.flush_later();
}

/// Whether the messages of a response are what the call can read. Servers of gRPC's C core and Java
/// say application/grpc whatever their messages are, so that is taken to be the request's format.
bool ClientCall::is_of_format(std::string_view content_type) const noexcept {
  const ContentType type = rpc::content_type_of(content_type);
  const Codec* const codec = call_.codec();
  if (codec == nullptr) [[likely]]
    return type == ContentType::Protobuf;
  if (type == ContentType::NotGrpc) return false;
  const std::string_view subtype = content_subtype(content_type);
  return subtype.empty() || ascii::equal_without_case(subtype, codec->name());
}

void ClientCall::read_initial(http2::HeaderFields fields, bool trailers_only) {
  bool usual = !trailers_only;
  bool named = false;
  std::string_view content_type;
  for (const HeaderField& field : fields) {
    switch (field.token) {
      case Token::Status:
        std::from_chars(field.value.data(), field.value.data() + field.value.size(), http_status_);
        break;
      case Token::ContentType:
        content_type = field.value;
        break;
      case Token::GrpcEncoding: {
        Compression compression;
        usual = false;
        if (compression_of(field.value, compression) &&
            connection_.accepted().contains(compression)) {
          set_arriving_compression(compression);
        } else {
          return end_early(internal_error("the server compresses with '" +
                                          std::string(field.value.substr(0, 64)) +
                                          "', which was not offered"));
        }
        break;
      }
      case Token::GrpcStatus:
        named = true;
        usual = false;
        break;
      case Token::GrpcAcceptEncoding:
      case Token::GrpcMessage:
      case Token::GrpcStatusDetailsBin:
        break;
      default:
        usual = false;
        if (!trailers_only && !take_metadata(field, call_.response_metadata())) return;
    }
  }
  if (http_status_ == 200 && is_of_format(content_type)) {
    if (usual && call_.codec() == nullptr) remember(http2::HeadersKind::Initial);
    // Proxies that end the stream with an empty DATA frame put it here.
    if (named && !trailers_only) early_status_ = named_status(fields).value_or(Status());
    // A block that ends the stream brings no response metadata, and commits no retry (gRFC A6).
    if (!trailers_only) call_.announce_response_metadata();
    return;
  }
  read_foreign(fields, content_type, trailers_only);
}

/// The headers of a response that is not gRPC's. A grpc-status among them is worth more than what
/// HTTP says.
void ClientCall::read_foreign(http2::HeaderFields fields, std::string_view content_type,
                              bool trailers_only) {
  const bool named = std::any_of(fields.begin(), fields.end(), [](const HeaderField& field) {
    return field.token == Token::GrpcStatus;
  });
  // Servers leave the type out where there is no content.
  if (trailers_only && named && http_status_ == 200 && content_type.empty()) return;
  const Codec* const codec = call_.codec();
  foreign_ = std::make_unique<ForeignAnswer>(
      http_status_, content_type, codec == nullptr ? "application/grpc" : content_type_of(*codec));
  if (trailers_only || !named) return;
  read_trailers(fields);
  if (decided_) give_up_stream();
}

void ClientCall::take_foreign(std::string_view data, bool end_stream) {
  if (foreign_->take(data)) {
    end_early(foreign_->status());
  } else if (end_stream) {
    response_ended();
  }
}

/// Passes a malformed field over, and ends the call where there is no room for one.
bool ClientCall::take_metadata(const HeaderField& field, Metadata& metadata) {
  const std::size_t limit = connection_.max_metadata_size();
  const Received received = add_received(field, metadata, limit);
  connection_.spend_on_headers(field.value.size());
  if (received != Received::TooLarge) [[likely]]
    return true;
  end_early(bad_metadata(received, field.name, limit, "ChannelOptions::max_metadata_size"));
  return false;
}

void ClientCall::read_trailers(http2::HeaderFields fields) {
  for (const HeaderField& field : fields) {
    if (is_ours(field.token)) continue;
    if (!take_metadata(field, call_.trailers())) return;
  }
  const std::optional<Status> named = named_status(fields);
  if (!named) return;  // on_stream_closed says what is missing
  if (!named->ok()) return decide(*named);
  // What is no gRPC response cannot have brought the messages of a call that went well.
  if (foreign_ != nullptr) return decide(foreign_->status());
  if (fields.size() == 1) remember(http2::HeadersKind::Trailers);
  decide({});
}

void ClientCall::on_data(BytesView data, bool end_stream) {
  if (decided_) return;
  if (foreign_ != nullptr) [[unlikely]]
    return take_foreign(data.view(), end_stream);
  Status status = push(data);
  if (!status.ok()) {
    drop_input();
    end_early(status);
  } else if (end_stream) {
    response_ended();
  }
}

void ClientCall::on_stream_closed(const http2::StreamEnd& end) noexcept {
  detach();
  stop_pumping();
  if (!decided_) {
    if (foreign_ == nullptr) repeat_ = repeat_after(end);
    decide(foreign_ == nullptr ? status_of_end(end) : foreign_->status());
  }
  if (ended_) return;
  ended_ = true;
  const Status whole = end_input();
  if (status_.ok()) status_ = whole;
}

Repeat ClientCall::repeat_after(const http2::StreamEnd& end) noexcept {
  if (end.unsent) return Repeat::Unsent;
  return end.unprocessed ? Repeat::Refused : Repeat::No;
}

Status ClientCall::status_of_end(const http2::StreamEnd& end) const {
  using By = http2::StreamEnd::By;
  switch (end.by) {
    case By::PeerReset:
      return Status(status_of_reset(end.code),
                    std::string("the server reset the stream (RST_STREAM ")
                        .append(http2::name_of(end.code))
                        .append(")"),
                    Origin::Peer);
    case By::Completion:
    case By::LocalReset:
      return Status(StatusCode::Internal,
                    std::string("the server broke a rule of HTTP/2: ")
                        .append(end.detail.empty() ? http2::name_of(end.code) : end.detail),
                    Origin::Transport);
    case By::Connection:
      break;
  }
  return connection_.why_lost();
}

/// The first status stays. Messages that came before it can still be read.
void ClientCall::decide(Status status) noexcept {
  if (decided_) return;
  decided_ = true;
  CancelHook::unlink();
  status_ = std::move(status);
  if (stream() != nullptr) return;  // on_stream_closed ends it
  ended_ = true;
  static_cast<void>(end_input());
}

void ClientCall::end_early(const Status& reason) noexcept {
  if (decided_) return;
  decide(reason);
  give_up_stream();
}

void ClientCall::give_up_stream() noexcept {
  drop_input();
  stop_pumping();
  if (http2::Stream* stream = this->stream(); stream != nullptr) {
    connection_.session().reset(*stream, http2::ErrorCode::Cancel);
    connection_.flush_later();
  }
}

void ClientCall::not_delivered(const Status& reason) noexcept {
  if (decided_ && status_.ok()) {
    status_ = reason;
  } else {
    end_early(reason);
  }
}

void ClientCall::on_cancelled(CancelHook& hook, const Status& reason) noexcept {
  auto& self = static_cast<ClientCall&>(hook);
  self.cancelled_ = true;
  self.end_early(reason);
}

}  // namespace weft::rpc
