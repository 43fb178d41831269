#include "weft/rpc/connection/internal/request_head.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "weft/rpc/call/internal/trace_fields.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

using http2::Token;

/// A `grpc-accept-encoding`; names nobody knows are passed over.
CompressionSet parse_accepted(std::string_view list) noexcept {
  CompressionSet accepted;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    Compression compression;
    if (compression_of(name, compression)) accepted.add(compression);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return accepted;
}

/// The same of a list that came lately, as most do again and again.
CompressionSet accepted_of(std::string_view list) noexcept {
  struct Known {
    std::array<char, 64> list;
    std::size_t size = 0;
    CompressionSet accepted;
  };
  thread_local Known known;
  if (list.size() == known.size && std::memcmp(list.data(), known.list.data(), known.size) == 0) {
    return known.accepted;
  }
  const CompressionSet accepted = parse_accepted(list);
  if (list.size() <= known.list.size()) {
    known = {.list = known.list, .size = list.size(), .accepted = accepted};
    std::copy(list.begin(), list.end(), known.list.begin());
  }
  return accepted;
}

/// Fields that are the protocol's and not metadata.
bool is_protocol(Token token) noexcept {
  switch (token) {
    case Token::Authority:
    case Token::Method:
    case Token::Path:
    case Token::Scheme:
    case Token::Protocol:
    case Token::Status:
    case Token::ContentLength:
    case Token::ContentType:
    case Token::GrpcAcceptEncoding:
    case Token::GrpcEncoding:
    case Token::GrpcTimeout:
    case Token::Te:
      return true;
    default:
      return false;
  }
}

/// What the metadata among these take of memory; a little more where a value is base64.
std::size_t metadata_memory(http2::HeaderFields fields) noexcept {
  std::size_t memory = 0;
  for (const http2::HeaderField& field : fields) {
    if (is_protocol(field.token)) continue;
    memory += Metadata::kEntryMemory + field.name.size() + field.value.size();
  }
  return memory;
}

}  // namespace

RequestHead::RequestHead(http2::HeaderFields fields, std::string_view request_path,
                         const RequestRules& rules)
    : route(rules.dispatcher.find(request_path)),
      served(route != nullptr || rules.dispatcher.has_fallback()),
      unknown_path(route == nullptr ? request_path : std::string_view{}) {
  metadata.reserve(metadata_memory(fields));
  read(fields, rules);
}

RequestHead::RequestHead(const RequestHead& beginning, http2::HeaderFields rest,
                         const RequestRules& rules)
    : route(beginning.route),
      served(beginning.served),
      unknown_path(beginning.unknown_path),
      format(beginning.format),
      metadata(beginning.metadata, metadata_memory(rest)),
      timeout(beginning.timeout),
      compression(beginning.compression),
      compressed(beginning.compressed),
      accepted(beginning.accepted) {
  read(rest, rules);
}

void RequestHead::read(http2::HeaderFields fields, const RequestRules& rules) {
  for (const http2::HeaderField& field : fields) {
    status = read_field(field, rules);
    if (!status.ok()) return;
  }
  if (timeout <= Duration::zero()) {
    status = deadline_exceeded("the deadline had passed before the call arrived");
  }
  if (!metadata.empty()) read_carried(rules.propagation);
}

void RequestHead::read_carried(const PropagationOptions& options) {
  const TraceFields received(metadata);
  if (received.empty() && options.formats.empty()) return;
  if (received.is_traceparent() && options.trace && options.formats.empty()) [[likely]] {
    if (read_traceparent(received.traceparent.first, trace)) return;
    trace = {};
  }
  carried = extract_context(options, metadata);
  if (carried != nullptr) carried_memory = sizeof(Context) + carried->luggage_memory();
}

RequestHead::~RequestHead() = default;

Status RequestHead::read_field(const http2::HeaderField& field, const RequestRules& rules) {
  switch (field.token) {
    case Token::GrpcTimeout:
      if (parse_timeout(field.value, timeout)) return {};
      return invalid_argument("grpc-timeout '" + std::string(field.value.substr(0, 64)) +
                              "' is not one to eight digits and a unit of H M S m u n");
    case Token::GrpcEncoding:
      compressed = true;
      if (compression_of(field.value, compression) && rules.accepted.contains(compression)) {
        return {};
      }
      return unimplemented("grpc-encoding '" + std::string(field.value.substr(0, 64)) +
                           "' is not supported; accepted are " +
                           std::string(rules.accepted.names()));
    case Token::GrpcAcceptEncoding:
      accepted = accepted_of(field.value);
      return {};
    case Token::ContentType:
      if (content_type_of(field.value) == ContentType::Protobuf) [[likely]]
        return {};
      format = rules.dispatcher.codecs().find(content_subtype(field.value));
      return format != nullptr ? Status() : rules.dispatcher.codecs().not_served(field.value);
    default:
      if (is_protocol(field.token)) return {};
      const Received received = add_received(field, metadata, rules.max_metadata_size);
      if (received == Received::Taken) [[likely]]
        return {};
      return bad_metadata(received, field.name, rules.max_metadata_size,
                          "ServerOptions::max_metadata_size");
  }
}

}  // namespace weft::rpc
