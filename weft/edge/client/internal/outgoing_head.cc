#include "weft/edge/client/internal/outgoing_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/edge/client/internal/protocol_fields.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

// Ten digits, which is what connect-timeout-ms may have.
constexpr std::int64_t kMostMilliseconds = 9'999'999'999;
// What trace and baggage may take of a head: servers bound it, and a call does not fail for what it
// carries.
constexpr std::size_t kRoomToCarry = std::size_t{8} * 1024;

/// Rounded up, so that a server does not give up before its client.
std::string milliseconds(Duration left) {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return std::to_string(std::clamp<std::int64_t>(rounded, 1, kMostMilliseconds));
}

void add_deadline(const Call& call, bool web, http1::Request& request) {
  if (call.context().deadline() == kNever) return;
  const Duration left = call.context().deadline() - call.loop().now();
  if (!web) {
    request.header("connect-timeout-ms", milliseconds(left));
    return;
  }
  std::array<char, 10> text;
  request.header("grpc-timeout", {text.data(), rpc::format_timeout(left, text.data())});
}

/// What the answer may be compressed by. The HTTP client is not to decode: it knows no limits of
/// calls.
void add_accepted(const EdgeSetup& setup, bool web, Framing framing, http1::Request& request) {
  const std::string_view names = setup.accepted.names();
  if (framing == Framing::Unary) {
    request.header("accept-encoding", names);
    return;
  }
  request.header(web ? "grpc-accept-encoding" : "connect-accept-encoding", names);
  request.header("accept-encoding", "identity");
}

Status add_metadata(const Metadata& metadata, http1::Request& request) {
  std::string encoded;
  for (const Metadata::Entry entry : metadata) {
    if (is_protocol_field(entry.name)) {
      return invalid_argument("request metadata " + log_value(std::string(entry.name)) +
                              " is a field of the protocol");
    }
    if (!entry.name.ends_with("-bin")) {
      request.header(entry.name, entry.value);
      continue;
    }
    encoded.clear();
    rpc::base64_encode(entry.value, encoded);
    request.header(entry.name, encoded);
  }
  return {};
}

}  // namespace

std::string content_type(ClientProtocol protocol, Framing framing, std::string_view format) {
  const std::string_view kind = protocol == ClientProtocol::GrpcWeb ? "grpc-web+"
                                : framing == Framing::Envelopes     ? "connect+"
                                                                    : "";
  return std::string("application/").append(kind).append(format);
}

Status add_head(const EdgeSetup& setup, const Call& call, std::string_view format, Framing framing,
                http1::Request& request) {
  const bool web = setup.destination.protocol == ClientProtocol::GrpcWeb;
  const std::string type = content_type(setup.destination.protocol, framing, format);
  // A GET has no content.
  if (request.method() != "GET") request.header("content-type", type);
  if (web) {
    request.header("accept", type).header("x-grpc-web", "1");
  } else {
    request.header("connect-protocol-version", "1");
  }
  add_deadline(call, web, request);
  add_accepted(setup, web, framing, request);
  if (framing == Framing::Envelopes && call.compression() != Compression::Identity) {
    request.header(web ? "grpc-encoding" : "connect-content-encoding", name_of(call.compression()));
  }
  if (web && call.previous_attempts() != 0) {
    request.header("grpc-previous-rpc-attempts", std::to_string(call.previous_attempts()));
  }
  if (!call.context().has_luggage()) return add_metadata(call.request_metadata(), request);
  Metadata metadata = call.request_metadata();
  inject_context(setup.propagation, call.context(), metadata, kRoomToCarry);
  return add_metadata(metadata, request);
}

std::string get_query(std::string_view format, std::string_view message, Compression compression) {
  std::string query = "?connect=v1&encoding=";
  query.append(format).append("&base64=1");
  if (compression != Compression::Identity)
    query.append("&compression=").append(name_of(compression));
  query += "&message=";
  const std::size_t at = query.size();
  rpc::base64_encode(message, query);
  std::replace(query.begin() + static_cast<std::ptrdiff_t>(at), query.end(), '+', '-');
  std::replace(query.begin() + static_cast<std::ptrdiff_t>(at), query.end(), '/', '_');
  return query;
}

}  // namespace weft::edge
