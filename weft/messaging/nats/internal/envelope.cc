#include "weft/messaging/nats/internal/envelope.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/http2/hpack/header.h"
#include "weft/messaging/nats/protocol/headers.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::nats {
namespace {

constexpr std::string_view kTypePrefix = "application/";
constexpr std::string_view kProtobuf = "proto";
constexpr std::string_view kTrailerPrefix = "trailer-";
constexpr std::string_view kError = "Nats-Service-Error";
constexpr std::string_view kErrorCode = "Nats-Service-Error-Code";
// Of a status message, encoded: the rest is cut.
constexpr std::size_t kMostMessage = std::size_t{8} << 10;
// What trace and baggage may take: a call does not fail for what it carries.
constexpr std::size_t kRoomToCarry = std::size_t{8} << 10;

/// Names, in lower case, that are no metadata.
bool is_of_envelope(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 7> kNames = {
      "content-type", "grpc-accept-encoding",    "grpc-encoding", "grpc-message",
      "grpc-status",  "grpc-status-details-bin", "grpc-timeout"};
  return name.starts_with("nats-") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void append_metadata(std::string& block, std::string_view prefix, const Metadata& metadata) {
  std::string encoded;
  for (const Metadata::Entry entry : metadata) {
    std::string_view value = entry.value;
    if (entry.name.ends_with("-bin")) {
      encoded.clear();
      rpc::base64_encode(entry.value, encoded);
      value = encoded;
    }
    block.append(prefix);
    append_header(block, entry.name, value);
  }
}

/// Adds what a peer has sent, within `limit` bytes.
Status add_received(std::string_view name, std::string_view value, std::size_t limit,
                    std::string_view option, Metadata& metadata) {
  const std::size_t size =
      metadata.wire_size() + name.size() + value.size() + Metadata::kEntryOverhead;
  const http2::HeaderField field{name, value, http2::token_of(name)};
  const rpc::Received received =
      size > limit ? rpc::Received::TooLarge : rpc::add_received(field, metadata, limit);
  return received == rpc::Received::Taken ? Status()
                                          : rpc::bad_metadata(received, name, limit, option);
}

Status malformed(std::string_view whose, StatusCode code, Origin origin) {
  return Status(code, "the headers of the " + std::string(whose) + " are malformed", origin);
}

/// A list of encodings; those that are not known are passed over.
CompressionSet read_encodings(std::string_view list) noexcept {
  CompressionSet set;
  while (!list.empty()) {
    const std::string_view name = ascii::trimmed(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(
        list.size(), list.find(',') == std::string_view::npos ? list.size() : list.find(',') + 1));
    Compression compression = Compression::Identity;
    if (compression_of(name, compression)) set.add(compression);
  }
  return set;
}

class RequestReader {
 public:
  RequestReader(RequestHead& into, const rpc::Dispatcher& dispatcher) noexcept
      : head_(into), dispatcher_(dispatcher) {}

  Status read(std::string_view headers) {
    // A request without headers is a message of protobuf.
    if (headers.empty()) return {};
    HeaderReader reader(headers);
    bool says_accepted = false;
    while (const std::optional<Header> header = reader.next()) {
      const std::string name = ascii::lower(std::string(header->name));
      says_accepted = says_accepted || name == "grpc-accept-encoding";
      Status status = take(name, header->value);
      if (!status.ok()) return status;
    }
    if (!reader.well_formed()) {
      return malformed("request", StatusCode::InvalidArgument, Origin::Local);
    }
    // A client that sends an encoding can read it.
    if (!says_accepted) head_.accepted.add(head_.compression);
    return {};
  }

 private:
  Status take(std::string_view name, std::string_view value) {
    if (name == "content-type") return take_type(value);
    if (name == "grpc-timeout") return take_timeout(value);
    if (name == "grpc-encoding") return take_encoding(value);
    if (name == "grpc-accept-encoding") {
      head_.accepted = read_encodings(value);
      return {};
    }
    if (is_of_envelope(name)) return {};
    Status status = add_received(name, value, dispatcher_.rules().max_metadata_size,
                                 "ServerOptions::max_metadata_size", head_.metadata);
    // Here that is the caller's mistake.
    return status.code() == StatusCode::Internal ? invalid_argument(status.message()) : status;
  }

  Status take_type(std::string_view value) {
    const std::string_view type = ascii::trimmed(value.substr(0, value.find(';')));
    const std::string lower = ascii::lower(std::string(type));
    const bool known = lower.starts_with(kTypePrefix);
    const std::string_view format =
        known ? std::string_view(lower).substr(kTypePrefix.size()) : std::string_view();
    if (format == kProtobuf) return {};
    const auto* const served = known ? dispatcher_.codecs().find(format) : nullptr;
    if (served == nullptr) {
      return unimplemented("content-type " + log_value(value) +
                           " is not served; application/proto is, and application/ with the name "
                           "of a codec that was added");
    }
    head_.codec = codec::borrowed(*served->codec);
    return {};
  }

  Status take_timeout(std::string_view value) {
    if (rpc::parse_timeout(value, head_.timeout)) return {};
    return invalid_argument("grpc-timeout " + log_value(value) +
                            " is not one to eight digits and a unit of H M S m u n");
  }

  Status take_encoding(std::string_view value) {
    const CompressionSet accepted = dispatcher_.rules().accepted;
    if (compression_of(value, head_.compression) && accepted.contains(head_.compression)) return {};
    return unimplemented("grpc-encoding " + log_value(value) + " is not supported; accepted are " +
                         std::string(accepted.names()));
  }

  RequestHead& head_;
  const rpc::Dispatcher& dispatcher_;
};

class ReplyReader {
 public:
  ReplyReader(const ClientRules& rules, Call& call) noexcept : rules_(rules), call_(call) {}

  ReplyHead read(std::string_view headers) {
    HeaderReader reader(headers);
    if (reader.status() != 0) {
      return {Status(StatusCode::Unavailable,
                     "the broker answered with status " + std::to_string(reader.status()),
                     Origin::Transport)};
    }
    while (const std::optional<Header> header = reader.next()) {
      Status status = take(ascii::lower(std::string(header->name)), header->value);
      if (!status.ok()) return {std::move(status)};
    }
    if (!reader.well_formed()) return {malformed("reply", StatusCode::Internal, Origin::Peer)};
    return {status(), compression_};
  }

 private:
  Status take(std::string_view name, std::string_view value) {
    if (name == "grpc-status") {
      code_ = value;
    } else if (name == "grpc-message") {
      message_ = rpc::percent_decode(value);
    } else if (name == "grpc-status-details-bin") {
      if (!rpc::base64_decode(value, details_)) details_.clear();
    } else if (name == "grpc-encoding") {
      return take_encoding(value);
    } else if (name == "nats-service-error") {
      error_ = value;
    } else if (name == "nats-service-error-code") {
      error_code_ = value;
    } else if (!is_of_envelope(name)) {
      return take_metadata(name, value);
    }
    return {};
  }

  Status take_metadata(std::string_view name, std::string_view value) {
    const bool trailer = name.starts_with(kTrailerPrefix);
    if (trailer) name.remove_prefix(kTrailerPrefix.size());
    Status status =
        add_received(name, value, rules_.max_metadata_size, "ChannelOptions::max_metadata_size",
                     trailer ? call_.trailers() : call_.response_metadata());
    return status.ok() ? status : status.with_origin(Origin::Peer);
  }

  Status take_encoding(std::string_view value) {
    if (compression_of(value, compression_) && rules_.accepted.contains(compression_)) return {};
    return Status(StatusCode::Internal,
                  "the reply is compressed with " + log_value(value) + ", which was not offered",
                  Origin::Peer);
  }

  Status status() const {
    if (code_.empty()) return foreign_status();
    StatusCode code = StatusCode::Unknown;
    if (!rpc::parse_status(code_, code)) {
      return Status(StatusCode::Unknown,
                    "the reply has grpc-status " + log_value(code_) + ", which is no status code",
                    Origin::Peer);
    }
    if (code == StatusCode::Ok) return {};
    const Status status(code, message_, Origin::Peer);
    return details_.empty() ? status : status.with_details(details_);
  }

  /// Of a service that speaks NATS' micro protocol (ADR-32) and knows no gRPC.
  Status foreign_status() const {
    if (error_.empty() && error_code_.empty()) return {};
    std::string text = "the service answered with error ";
    text.append(log_value(error_code_)).append(": ").append(log_value(error_));
    return Status(StatusCode::Unknown, text, Origin::Peer);
  }

  const ClientRules& rules_;
  Call& call_;
  std::string_view code_;
  std::string message_;
  std::string details_;
  std::string_view error_;
  std::string_view error_code_;
  Compression compression_ = Compression::Identity;
};

Status check_names(const Metadata& metadata) {
  for (const Metadata::Entry entry : metadata) {
    if (!is_of_envelope(entry.name)) continue;
    return invalid_argument("request metadata " + log_value(entry.name) +
                            " is a header of NATS or of the envelope");
  }
  return {};
}

void append_type(std::string& block, std::string_view format) {
  append_header(block, "content-type", std::string(kTypePrefix).append(format));
}

/// In one line, since these are not encoded.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kMostLogValue));
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
  return line;
}

void append_status(std::string& block, const Status& status) {
  append_header(block, "grpc-status", std::to_string(static_cast<int>(status.code())));
  if (status.ok()) return;
  const std::string_view text = status.message();
  std::string encoded;
  rpc::percent_encode(text.substr(0, rpc::percent_encoded_prefix(text, kMostMessage).text),
                      encoded);
  append_header(block, "grpc-message", encoded);
  append_header(block, kError, one_line(text));
  append_header(block, kErrorCode, name_of(status.code()));
  if (status.details().empty()) return;
  encoded.clear();
  rpc::base64_encode(status.details(), encoded);
  append_header(block, "grpc-status-details-bin", encoded);
}

}  // namespace

Result<Packed> pack(const Message& message, Compression compression, std::size_t most,
                    std::string_view what, std::string_view option) {
  if (message.size() > most || !message.writable()) {
    return resource_exhausted(std::string(what) + " of " + std::to_string(message.size()) +
                              " bytes is larger than the limit of " + std::to_string(most) + " (" +
                              std::string(option) + ")");
  }
  Packed packed;
  const bool compresses =
      compression != Compression::Identity && !message.uncompressed() && message.size() != 0;
  if (!compresses) {
    packed.message = message;
    return packed;
  }
  Result<Bytes> smaller = codec::compress(compression, message.to_bytes().view());
  if (!smaller.ok()) return smaller.status();
  packed.message = Message(*std::move(smaller));
  packed.compression = compression;
  return packed;
}

Result<std::string> request_headers(const ClientRules& rules, const Call& call,
                                    Compression compression) {
  std::string block(kHeadersBegin);
  append_type(block, call.codec() == nullptr ? kProtobuf : call.codec()->name());
  if (call.context().deadline() != kNever) {
    std::array<char, 10> text;
    const Duration left = call.context().deadline() - call.loop().now();
    append_header(block, "grpc-timeout", {text.data(), rpc::format_timeout(left, text.data())});
  }
  if (compression != Compression::Identity) {
    append_header(block, "grpc-encoding", name_of(compression));
  }
  append_header(block, "grpc-accept-encoding", rules.accepted.names());
  if (call.previous_attempts() != 0) {
    append_header(block, "grpc-previous-rpc-attempts", std::to_string(call.previous_attempts()));
  }
  if (Status status = check_names(call.request_metadata()); !status.ok()) return status;
  if (call.context().has_luggage()) {
    Metadata metadata = call.request_metadata();
    inject_context(rules.propagation, call.context(), metadata, kRoomToCarry);
    append_metadata(block, "", metadata);
  } else {
    append_metadata(block, "", call.request_metadata());
  }
  return block.append(kHeadersEnd);
}

ReplyHead read_reply(std::string_view headers, const ClientRules& rules, Call& call) {
  // Of a peer that knows no headers.
  if (headers.empty()) return {};
  return ReplyReader(rules, call).read(headers);
}

Result<RequestHead> read_request(std::string_view headers, const rpc::Dispatcher& dispatcher) {
  RequestHead head;
  Status status = RequestReader(head, dispatcher).read(headers);
  if (!status.ok()) return status;
  return head;
}

std::string reply_headers(const Status& status, std::string_view format, Compression compression,
                          const Metadata& metadata, const Metadata& trailers) {
  std::string block(kHeadersBegin);
  append_status(block, status);
  append_type(block, format);
  if (compression != Compression::Identity) {
    append_header(block, "grpc-encoding", name_of(compression));
  }
  append_metadata(block, "", metadata);
  append_metadata(block, kTrailerPrefix, trailers);
  return block.append(kHeadersEnd);
}

}  // namespace weft::nats
