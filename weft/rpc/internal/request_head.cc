#include "weft/rpc/internal/request_head.h"

#include "weft/rpc/grpc_wire.h"

namespace weft::rpc {
namespace {

using http2::Token;

constexpr std::uint8_t bit(Compression compression) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(compression));
}

/// The bits of a `grpc-accept-encoding`; names nobody knows are passed over.
std::uint8_t parse_accepted(std::string_view list) noexcept {
  std::uint8_t bits = bit(Compression::Identity);
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    Compression compression;
    if (compression_of(name, compression)) bits |= bit(compression);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return bits;
}

}  // namespace

RequestHead::RequestHead(http2::HeaderFields fields, std::string_view request_path,
                         const Router& router)
    : route(router.find(request_path)),
      unknown_path(route == nullptr ? request_path : std::string_view{}) {
  for (const http2::HeaderField& field : fields) {
    status = read(field);
    if (!status.ok()) return;
  }
  if (timeout <= Duration::zero()) {
    status = deadline_exceeded("the deadline had passed before the call arrived");
  }
}

Status RequestHead::read(const http2::HeaderField& field) {
  switch (field.token) {
    case Token::GrpcTimeout:
      if (parse_timeout(field.value, timeout)) return {};
      return invalid_argument("grpc-timeout '" + std::string(field.value.substr(0, 64)) +
                              "' is not one to eight digits and a unit of H M S m u n");
    case Token::GrpcEncoding:
      compressed = true;
      if (compression_of(field.value, compression)) return {};
      return unimplemented("grpc-encoding '" + std::string(field.value.substr(0, 64)) +
                           "' is not supported; accepted are " +
                           std::string(weft::accepted_compressions()));
    case Token::GrpcAcceptEncoding:
      accepted_compressions = parse_accepted(field.value);
      return {};
    case Token::Authority:
    case Token::Method:
    case Token::Path:
    case Token::Scheme:
    case Token::Protocol:
    case Token::Status:
    case Token::ContentType:
    case Token::ContentLength:
    case Token::Te:
      return {};
    default:
      if (add_received(field, metadata)) return {};
      return internal_error("metadata '" + std::string(field.name.substr(0, 64)) +
                            "' is not valid base64");
  }
}

}  // namespace weft::rpc
