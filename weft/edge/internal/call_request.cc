#include "weft/edge/internal/call_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/edge/internal/query.h"
#include "weft/http2/hpack/header.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

/// What a protocol calls the fields that every one of them has.
struct FieldNames {
  std::string_view encoding;
  std::string_view accept_encoding;
  std::string_view timeout;
};

FieldNames names_of(Protocol protocol) noexcept {
  if (is_grpc_web(protocol)) return {"grpc-encoding", "grpc-accept-encoding", "grpc-timeout"};
  if (is_connect_stream(protocol)) {
    return {"connect-content-encoding", "connect-accept-encoding", "connect-timeout-ms"};
  }
  return {"content-encoding", "accept-encoding", "connect-timeout-ms"};
}

/// Fields of HTTP or of a protocol, which are no metadata.
bool is_protocol(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 16> kNames = {"accept-encoding",
                                                              "connect-accept-encoding",
                                                              "connect-content-encoding",
                                                              "connect-protocol-version",
                                                              "connect-timeout-ms",
                                                              "content-encoding",
                                                              "content-length",
                                                              "content-type",
                                                              "expect",
                                                              "grpc-accept-encoding",
                                                              "grpc-encoding",
                                                              "grpc-timeout",
                                                              "host",
                                                              "te",
                                                              "trailer",
                                                              "x-grpc-web"};
  return std::binary_search(kNames.begin(), kNames.end(), name);
}

std::string quoted(std::string_view name, std::string_view value) {
  return std::string(name) + " '" + printable(value.substr(0, 64)) + "'";
}

/// Whether the parameters of a member of a list say "not this one" (RFC 9110 section 12.4.2).
bool is_refused(std::string_view parameters) noexcept {
  parameters = ascii::trimmed(parameters);
  if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) return false;
  return parameters.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

/// Adds what a line of the field names: a list may come in several (RFC 9110 section 5.3).
void add_accepted(std::string_view list, CompressionSet& accepted) noexcept {
  while (!list.empty()) {
    const std::string_view member = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), member.size() + 1));
    const std::size_t semicolon = std::min(member.find(';'), member.size());
    const std::string_view rest = member.substr(std::min(semicolon + 1, member.size()));
    Compression compression;
    if (compression_of(ascii::trimmed(member.substr(0, semicolon)), compression) &&
        !is_refused(rest)) {
      accepted.add(compression);
    }
  }
}

/// `connect-timeout-ms`: at most ten digits.
Status read_connect_timeout(std::string_view value, Duration& timeout) {
  std::uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (value.empty() || value.size() > 10 || parsed.ec != std::errc() || parsed.ptr != end) {
    return invalid_argument(quoted("connect-timeout-ms", value) + " is not one to ten digits");
  }
  timeout = std::chrono::milliseconds(number);
  return {};
}

Status read_compression(std::string_view name, std::string_view value, const rpc::CallRules& rules,
                        Compression& compression) {
  if (compression_of(value, compression) && rules.accepted.contains(compression)) return {};
  return unimplemented(quoted(name, value) + " is not supported; accepted are " +
                       std::string(rules.accepted.names()));
}

class Reader {
 public:
  Reader(CallRequest& into, const rpc::HttpHead& head, const rpc::CallRules& rules) noexcept
      : request_(into), head_(head), rules_(rules), names_(names_of(into.protocol)) {}

  Status read() {
    bool says_accepted = false;
    for (const rpc::HttpField& field : head_.fields) {
      if (field.name == names_.accept_encoding) says_accepted = true;
      Status status = read_field(field);
      if (!status.ok()) return status;
    }
    // A client that sends an encoding can read it.
    if (!says_accepted) request_.accepted.add(request_.compression);
    if (request_.timeout <= Duration::zero()) {
      return deadline_exceeded("the deadline had passed before the call arrived");
    }
    return check_size();
  }

 private:
  Status read_field(const rpc::HttpField& field) {
    if (field.name == names_.timeout) return read_timeout(field.value);
    if (field.name == names_.encoding) return read_encoding(field.value);
    if (field.name == names_.accept_encoding) {
      add_accepted(field.value, request_.accepted);
      return {};
    }
    if (is_protocol(field.name)) return {};
    const http2::HeaderField header{field.name, field.value, http2::token_of(field.name)};
    const rpc::Received received =
        rpc::add_received(header, request_.metadata, rules_.max_metadata_size);
    if (received == rpc::Received::Taken) return {};
    const Status bad = rpc::bad_metadata(received, field.name, rules_.max_metadata_size,
                                         "ServerOptions::max_metadata_size");
    return received == rpc::Received::Malformed ? invalid_argument(bad.message()) : bad;
  }

  Status read_timeout(std::string_view value) {
    if (!is_grpc_web(request_.protocol)) return read_connect_timeout(value, request_.timeout);
    if (rpc::parse_timeout(value, request_.timeout)) return {};
    return invalid_argument(quoted("grpc-timeout", value) +
                            " is not one to eight digits and a unit of H M S m u n");
  }

  Status read_encoding(std::string_view value) {
    // That of a GET is in the query.
    if (request_.protocol == Protocol::ConnectGet) return {};
    return read_compression(names_.encoding, value, rules_, request_.compression);
  }

  Status check_size() const {
    const std::size_t size = request_.metadata.wire_size();
    if (size <= rules_.max_metadata_size) return {};
    return resource_exhausted(
        "request metadata of " + std::to_string(size) + " bytes is larger than the limit of " +
        std::to_string(rules_.max_metadata_size) + " bytes (ServerOptions::max_metadata_size)");
  }

  CallRequest& request_;
  const rpc::HttpHead& head_;
  const rpc::CallRules& rules_;
  const FieldNames names_;
};

/// The format's codec. False where there is none.
bool find_format(CallRequest& request, std::string_view format, const rpc::Dispatcher& dispatcher,
                 const std::shared_ptr<const Codec>& json) {
  if (ascii::equal_without_case(format, "proto")) {
    request.format = "proto";
    return true;
  }
  if (const auto* served = dispatcher.codecs().find(format)) {
    request.codec = codec::borrowed(*served->codec);
  } else if (ascii::equal_without_case(format, "json")) {
    request.codec = json;
  } else {
    return false;
  }
  request.format = request.codec->name();
  return true;
}

/// The request asks in a way in which its method is not called: says which is right, and by which
/// HTTP status.
void misuse(CallRequest& request, int http_status, std::string_view why) {
  request.http_status = http_status;
  request.status = unimplemented("method " + std::string(request.path) + std::string(why));
}

/// What no service here knows goes to the fallback, whose methods may have side effects.
void check_unknown(CallRequest& request, const rpc::Dispatcher& dispatcher) {
  if (request.protocol != Protocol::ConnectGet || !dispatcher.has_fallback()) return;
  misuse(request, 405, " is called by POST: nothing says that it has no side effects");
}

void check_kind(CallRequest& request, rpc::HttpVersion version, const rpc::Dispatcher& dispatcher) {
  if (request.route == nullptr) return check_unknown(request, dispatcher);
  // Both carry methods of every kind, both ways at once.
  if (is_grpc_web(request.protocol) || request.protocol == Protocol::ConnectSocket) return;
  const MethodDescriptor& method = *request.route->method;
  const bool envelopes = request.protocol == Protocol::ConnectStream;
  if (envelopes && method.kind == MethodKind::Unary) {
    misuse(request, 415, " streams nothing: application/connect+ is for methods that do");
  } else if (!envelopes && method.kind != MethodKind::Unary) {
    misuse(request, 415, " streams messages: they are application/connect+ and a format");
  } else if (request.protocol == Protocol::ConnectGet && !method.no_side_effects) {
    misuse(request, 405, " is called by POST: GET is for idempotency_level = NO_SIDE_EFFECTS");
  } else if (method.kind == MethodKind::BidiStreaming && version != rpc::HttpVersion::Http2) {
    misuse(request, 505, " streams both ways, for which Connect needs HTTP/2");
  }
}

/// The parameters of a GET beside `encoding`; `connect` says which Connect, and there is one.
Status read_parameters(CallRequest& request, const Query& query, const rpc::CallRules& rules) {
  if (const std::string* version = query.find("connect"); version != nullptr && *version != "v1") {
    return invalid_argument(quoted("the parameter connect", *version) + " is not v1");
  }
  std::string message = *query.find("message");
  if (const std::string* base64 = query.find("base64"); base64 != nullptr && *base64 == "1") {
    std::optional<std::string> bytes = from_url_base64(std::move(message));
    if (!bytes) return invalid_argument("the parameter message is not base64");
    message = *std::move(bytes);
  }
  request.content = Bytes::copy_of(message);
  const std::string* compression = query.find("compression");
  if (compression == nullptr || compression->empty()) return {};
  return read_compression("the parameter compression", *compression, rules, request.compression);
}

}  // namespace

Status read_fields(CallRequest& request, const rpc::HttpHead& head, const rpc::CallRules& rules) {
  return Reader(request, head, rules).read();
}

CallRequest no_call(const rpc::HttpHead& head, const rpc::Dispatcher& dispatcher) {
  CallRequest request;
  request.path = head.path_only();
  request.route = dispatcher.find(request.path);
  request.format = "json";
  const bool post = head.method == "POST";
  request.http_status = post ? 415 : 405;
  const bool safe = request.route != nullptr && request.route->method->no_side_effects;
  if (safe && head.method != "GET") request.allow = "GET, POST";
  // As which clients see both statuses.
  request.status = unknown_error(
      post ? quoted("content-type", head.field("content-type")) + " is no protocol of this server"
           : "a method is called by POST, or where it has no side effects by GET with the "
             "parameters encoding and message; this is " +
                 printable(head.method.substr(0, 32)));
  return request;
}

CallRequest read_request(const rpc::HttpHead& head, const RequestKind& kind,
                         const rpc::Dispatcher& dispatcher,
                         const std::shared_ptr<const Codec>& json) {
  CallRequest request;
  request.protocol = kind.protocol;
  request.path = head.path_only();
  request.route = dispatcher.find(request.path);
  // What is said of a format that there is not is JSON.
  request.format = "json";
  std::string format(kind.format);
  std::optional<Query> query;
  if (kind.protocol == Protocol::ConnectGet) {
    Result<Query> parsed = Query::parse(head.query());
    if (parsed.ok()) {
      query = *std::move(parsed);
      format = *query->find("encoding");
    } else {
      request.status = parsed.status();
      return request;
    }
  }
  if (!find_format(request, format, dispatcher, json)) {
    request.http_status = 415;
    request.status =
        unknown_error(quoted("the format", format) + " is not served; proto and json are");
    return request;
  }
  check_kind(request, head.version, dispatcher);
  if (request.status.ok() && query)
    request.status = read_parameters(request, *query, dispatcher.rules());
  if (request.status.ok()) request.status = read_fields(request, head, dispatcher.rules());
  return request;
}

}  // namespace weft::edge
