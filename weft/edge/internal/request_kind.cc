#include "weft/edge/internal/request_kind.h"

#include <algorithm>

#include "weft/base/text/ascii.h"
#include "weft/edge/internal/query.h"

namespace weft::edge {
namespace {

/// A media type without its parameters (RFC 9110 section 8.3.1).
std::string_view without_parameters(std::string_view type) noexcept {
  return ascii::trimmed(type.substr(0, type.find(';')));
}

/// Takes `prefix` off the front, whatever its case.
bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (!ascii::equal_without_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// `rest`: what follows application/grpc-web.
std::optional<RequestKind> grpc_web(std::string_view rest) noexcept {
  const Protocol protocol = take_prefix(rest, "-text") ? Protocol::GrpcWebText : Protocol::GrpcWeb;
  if (rest.empty()) return RequestKind{protocol, "proto"};
  if (!take_prefix(rest, "+")) return std::nullopt;
  return RequestKind{protocol, rest};
}

/// The format is in the query.
std::optional<RequestKind> get_kind(const rpc::HttpHead& head) noexcept {
  const std::string_view query = head.query();
  if (!is_method_path(head.path_only()) || !has_parameter(query, "message") ||
      !has_parameter(query, "encoding")) {
    return std::nullopt;
  }
  return RequestKind{Protocol::ConnectGet, {}};
}

}  // namespace

bool is_method_path(std::string_view path) noexcept {
  if (path.size() < 4 || path.front() != '/' || path.back() == '/') return false;
  const std::size_t slash = path.find('/', 1);
  return slash > 1 && slash == path.rfind('/');
}

std::optional<RequestKind> kind_of(const rpc::HttpHead& head) noexcept {
  if (head.method == "GET") return get_kind(head);
  if (head.method != "POST") return std::nullopt;
  std::string_view type = without_parameters(head.field("content-type"));
  if (!take_prefix(type, "application/")) return std::nullopt;
  if (take_prefix(type, "grpc-web")) return grpc_web(type);
  if (take_prefix(type, "connect+")) return RequestKind{Protocol::ConnectStream, type};
  if (!is_method_path(head.path_only())) return std::nullopt;
  // A client that names Connect's version is answered in Connect whatever the format.
  const bool known = ascii::equal_without_case(type, "json") ||
                     ascii::equal_without_case(type, "proto") ||
                     !head.field("connect-protocol-version").empty();
  if (!known) return std::nullopt;
  return RequestKind{Protocol::ConnectUnary, type};
}

}  // namespace weft::edge
