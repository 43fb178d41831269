#include "weft/edge/client/internal/protocol_fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/token.h"
#include "weft/http2/hpack/header.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

constexpr std::string_view kTrailerPrefix = "trailer-";

/// A token (RFC 9110 section 5.6.2) in lower case.
bool is_name(std::string_view name) noexcept {
  return is_token(name) && std::none_of(name.begin(), name.end(), ascii::is_upper);
}

/// RFC 9110 section 5.5, without control characters.
bool is_value(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
  });
}

}  // namespace

bool is_protocol_field(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 24> kNames = {"accept",
                                                              "accept-encoding",
                                                              "connect-accept-encoding",
                                                              "connect-content-encoding",
                                                              "connect-protocol-version",
                                                              "connect-timeout-ms",
                                                              "connection",
                                                              "content-encoding",
                                                              "content-length",
                                                              "content-type",
                                                              "expect",
                                                              "grpc-accept-encoding",
                                                              "grpc-encoding",
                                                              "grpc-message",
                                                              "grpc-status",
                                                              "grpc-status-details-bin",
                                                              "grpc-timeout",
                                                              "host",
                                                              "keep-alive",
                                                              "te",
                                                              "trailer",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "x-grpc-web"};
  return std::binary_search(kNames.begin(), kNames.end(), name);
}

Status add_received(std::string_view name, std::string_view value, Metadata& metadata,
                    std::size_t limit) {
  if (is_protocol_field(name)) return {};
  if (!is_name(name) || !is_value(value)) {
    return Status(StatusCode::Internal,
                  "the server sent " + log_value(std::string(name)) +
                      " among its metadata, whose name or value no field can have",
                  Origin::Peer);
  }
  // HTTP/1.1 bounds the head as a whole; the end of a stream is bounded here only.
  const std::size_t size =
      metadata.wire_size() + name.size() + value.size() + Metadata::kEntryOverhead;
  const http2::HeaderField field{name, value, http2::token_of(name)};
  const rpc::Received received =
      size > limit ? rpc::Received::TooLarge : rpc::add_received(field, metadata, limit);
  if (received != rpc::Received::TooLarge) return {};
  return rpc::bad_metadata(received, name, limit, "ChannelOptions::max_metadata_size");
}

Status read_metadata(const http1::Fields& fields, Metadata& metadata, Metadata* trailers,
                     std::size_t limit) {
  for (const http1::Field& field : fields) {
    std::string_view name = field.name;
    Metadata* into = &metadata;
    if (trailers != nullptr && name.starts_with(kTrailerPrefix)) {
      name.remove_prefix(kTrailerPrefix.size());
      into = trailers;
    }
    Status added = add_received(name, field.value, *into, limit);
    if (!added.ok()) return added;
  }
  return {};
}

bool GrpcEnd::take(std::string_view name, std::string_view value) {
  if (name == "grpc-status") {
    code = value;
  } else if (name == "grpc-message") {
    message = rpc::percent_decode(value);
  } else if (name == "grpc-status-details-bin") {
    if (!rpc::base64_decode(value, details)) details.clear();
  } else {
    return false;
  }
  return true;
}

Status GrpcEnd::status() const {
  StatusCode read = StatusCode::Unknown;
  std::string text = message;
  if (!rpc::parse_status(code, read)) {
    read = StatusCode::Unknown;
    text.insert(0,
                "the server sent grpc-status " + log_value(code) + ", which is no status code: ");
  }
  if (read == StatusCode::Ok) return {};
  const Status status(read, text, Origin::Peer);
  return details.empty() ? status : status.with_details(details);
}

Status read_web_end(std::string_view text, Metadata& trailers, std::size_t limit) {
  GrpcEnd end;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return Status(StatusCode::Internal,
                    "the server's trailers have a line without a colon: " +
                        log_value(std::string(line.substr(0, 64))),
                    Origin::Peer);
    }
    const std::string name = ascii::lower(std::string(line.substr(0, colon)));
    const std::string_view value = ascii::trimmed(line.substr(colon + 1));
    if (end.take(name, value)) continue;
    if (Status added = add_received(name, value, trailers, limit); !added.ok()) return added;
  }
  if (!end.code.empty()) return end.status();
  return Status(StatusCode::Unknown, "the server's trailers have no grpc-status", Origin::Peer);
}

}  // namespace weft::edge
