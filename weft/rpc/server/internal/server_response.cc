#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "weft/rpc/connection/internal/header_scratch.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/rpc/server/internal/answer_metadata.h"
#include "weft/rpc/server/internal/server_call.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/socket/internal/server_connection.h"

// How a server's call answers: its messages, and the header blocks before and after them.
namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

constexpr HeaderField kStatus200{":status", "200", Token::Status};
constexpr HeaderField kContentType{"content-type", "application/grpc", Token::ContentType};
constexpr std::array<HeaderField, 2> kUsualHeaders = {kStatus200, kContentType};
constexpr std::array<HeaderField, 1> kUsualTrailers = {
    HeaderField{"grpc-status", "0", Token::GrpcStatus}};
// What a header block of gRPC's own takes beside metadata, message and details.
constexpr std::size_t kOwnFields = 512;

HeaderField content_type(const RequestHead& request) noexcept {
  if (request.format == nullptr) return kContentType;
  return {kContentType.name, request.format->content_type, kContentType.token};
}

/// `status` in `room` bytes of a header list: without its details, then with a part of its message,
/// where it does not fit as it is. Takes no memory for what does not fit.
Status shortened(const Status& status, std::size_t room) {
  constexpr std::string_view kCut = "... (cut: more than fits into the response's headers)";
  const std::string_view message = status.message();
  const EncodedPrefix whole = percent_encoded_prefix(message, room);
  if (whole.text == message.size()) {
    const bool fits = whole.encoded + base64_size(status.details().size()) <= room;
    return fits ? status : Status(status.code(), message, status.origin());
  }
  const std::size_t kept = percent_encoded_prefix(message, room - std::min(room, kCut.size())).text;
  return Status(status.code(), std::string(message.substr(0, kept)).append(kCut), status.origin());
}

}  // namespace

MessageWriter::Poll ServerResponses::offer(const Message& message) {
  return static_cast<ServerCall&>(*this).send(message);
}
void ServerResponses::wait(Waiter& waiter) noexcept {
  static_cast<ServerCall&>(*this).wait_output(waiter);
}
bool ServerResponses::unwait() noexcept { return static_cast<ServerCall&>(*this).unwait_output(); }

MessageWriter::Poll ServerCall::send(const Message& message) {
  using Poll = MessageWriter::Poll;
  if (finished_ || stream() == nullptr) return Poll::Closed;
  if (message.size() > max_send_size()) {
    cancel(resource_exhausted("response message of " + std::to_string(message.size()) +
                              " bytes is larger than the limit of " +
                              std::to_string(max_send_size()) + " (ServerOptions::max_send_size)"));
    return Poll::Closed;
  }
  if (output_blocked()) {
    Status held = hold_response(message.size());
    if (held.ok()) return Poll::Blocked;
    cancel(held);
    return Poll::Closed;
  }
  response_taken();
  if (!announce()) return Poll::Closed;
  Status sent = connection().send_message(*stream(), message, sent_compression_, false);
  if (sent.ok()) {
    if (observed()) [[unlikely]]
      count_sent(message);
    return Poll::Accepted;
  }
  cancel(sent);
  return Poll::Closed;
}

/// The encoding of the responses, one that the client accepts.
Compression ServerCall::response_compression() const noexcept {
  const Compression wanted = compression();
  return head_->accepted.contains(wanted) ? wanted : Compression::Identity;
}

/// The encodings of requests.
std::string_view ServerCall::accepted_names() const noexcept {
  return server_.options().accepted_compressions.names();
}

/// What the handler sends beside its messages; as long as there is none, nothing is made for it.
const Metadata& ServerCall::answer_metadata() const noexcept { return response_metadata(); }
const Metadata& ServerCall::answer_trailers() const noexcept { return trailers(); }

/// Sends the headers, once. False when the handler's metadata cannot be sent: then the call is
/// over.
bool ServerCall::announce() {
  if (headers_sent_) return true;
  if (!answer_metadata().empty()) {
    Status valid = check(response_metadata(), "response metadata");
    if (!valid.ok()) {
      cancel(valid);
      return false;
    }
  }
  send_headers();
  return true;
}

/// What would break HTTP/2's rules, or is larger than the client takes, would end the whole
/// connection. Metadata for which that is so is dropped, and the status says why.
Status ServerCall::check(Metadata& metadata, std::string_view what) {
  if (metadata.empty()) return {};
  Status valid = drop_invalid(path(), metadata, what);
  if (!valid.ok() || metadata.wire_size() + kOwnFields <= header_list_limit()) return valid;
  return drop_metadata(path(), metadata,
                       resource_exhausted(std::string("the handler's ")
                                              .append(what)
                                              .append(" of ")
                                              .append(std::to_string(metadata.wire_size()))
                                              .append(" bytes is larger than the limit for all "
                                                      "headers of a response, ")
                                              .append(std::to_string(header_list_limit()))
                                              .append(" bytes (the lesser of the client's "
                                                      "SETTINGS_MAX_HEADER_LIST_SIZE and "
                                                      "ServerOptions::max_metadata_size)")));
}

/// Header blocks are subject to no flow control, and a client that announces no limit allows 4 GiB.
std::size_t ServerCall::header_list_limit() noexcept {
  return std::min(connection().session().peer_settings().max_header_list_size,
                  server_.options().max_metadata_size);
}

/// sendable(), where there is something to look at.
Status ServerCall::checked(const Status& status) {
  Status problem = headers_sent_ ? Status() : check(response_metadata(), "response metadata");
  Status of_trailers = check(trailers(), "trailers");
  if (problem.ok()) problem = std::move(of_trailers);
  const Status& outcome = status.ok() ? problem : status;
  if (outcome.ok()) return {};
  const std::size_t taken = kOwnFields + answer_trailers().wire_size() +
                            (headers_sent_ ? 0 : answer_metadata().wire_size());
  const std::size_t limit = header_list_limit();
  return shortened(outcome, limit - std::min(limit, taken));
}

void ServerCall::send_headers() {
  headers_sent_ = true;
  connection().note_sent();
  connection().flush_later();
  sent_compression_ = response_compression();
  if (sent_compression_ == Compression::Identity && !head_->compressed &&
      head_->format == nullptr && answer_metadata().empty()) [[likely]] {
    return connection().session().send_headers(*stream(), kUsualHeaders,
                                               connection().usual_headers(), false);
  }
  HeaderScratch scratch;
  std::vector<HeaderField>& fields = scratch.fields();
  fields.assign({kStatus200, content_type(*head_)});
  if (sent_compression_ != Compression::Identity) {
    fields.push_back({"grpc-encoding", name_of(sent_compression_), Token::GrpcEncoding});
  }
  if (head_->compressed) {
    fields.push_back({"grpc-accept-encoding", accepted_names(), Token::GrpcAcceptEncoding});
  }
  append_fields(answer_metadata(), fields, scratch.text());
  connection().session().send_headers(*stream(), fields, false);
}

void ServerCall::send_trailers(const Status& status) {
  if (observed()) [[unlikely]]
    decided(status);
  // Trailers-Only is for a call that fails at once; what a handler has put into the response's
  // metadata is to arrive as such.
  if (!headers_sent_ && (status.ok() || !answer_metadata().empty())) send_headers();
  if (status.ok() && answer_trailers().empty()) [[likely]] {
    return connection().session().send_headers(*stream(), kUsualTrailers,
                                               connection().usual_trailers(), true);
  }
  HeaderScratch scratch;
  std::vector<HeaderField>& fields = scratch.fields();
  if (!headers_sent_) {
    // Trailers-Only: one header block that both begins and ends the response.
    fields.assign({kStatus200, content_type(*head_)});
    if (head_->compressed && status.code() == StatusCode::Unimplemented) {
      fields.push_back({"grpc-accept-encoding", accepted_names(), Token::GrpcAcceptEncoding});
    }
  }
  std::array<char, 2> digits;
  const auto code = static_cast<unsigned>(status.code());
  std::size_t length = 0;
  if (code >= 10) digits[length++] = '1';
  digits[length++] = static_cast<char>('0' + code % 10);
  fields.push_back({"grpc-status", {digits.data(), length}, Token::GrpcStatus});
  std::string message;
  if (!status.message().empty()) {
    percent_encode(status.message(), message);
    fields.push_back({"grpc-message", message, Token::GrpcMessage});
  }
  std::string details;
  if (!status.details().empty()) {
    base64_encode(status.details(), details);
    fields.push_back({"grpc-status-details-bin", details, Token::GrpcStatusDetailsBin});
  }
  append_fields(answer_trailers(), fields, scratch.text());
  headers_sent_ = true;
  connection().session().send_headers(*stream(), fields, true);
}

/// Tells a client that is still sending to stop, once the response has left (RFC 9113 section 8.1).
void ServerCall::stop_request() noexcept {
  http2::Stream* stream = this->stream();
  if (stream == nullptr || stream->queued() != 0 || stream->peer_ended()) return;
  connection().session().reset(*stream, http2::ErrorCode::NoError);
}

}  // namespace weft::rpc
