#include "weft/rpc/http/field_rule.h"

#include <algorithm>
#include <array>

#include "weft/http2/hpack/field_characters.h"

namespace weft::rpc {
namespace {

bool belongs_to_connection(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 6> kNames = {
      "connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Those that http2::is_valid_value() lets through.
bool has_controls(std::string_view value) noexcept {
  return std::any_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

/// HTTP/2's rule allows what is no token (RFC 9110 section 5.6.2): "a(b", for one.
bool is_token(std::string_view name) noexcept {
  return name.find_first_of("\"(),/:;<=>?@[\\]{}") == std::string_view::npos;
}

}  // namespace

std::string_view why_no_field(const HttpField& field) noexcept {
  if (belongs_to_connection(field.name)) {
    return "it belongs to the connection, which writes it itself";
  }
  if (!field.name.empty() && http2::is_valid_name(field.name) && is_token(field.name) &&
      http2::is_valid_value(field.value) && !has_controls(field.value)) {
    return {};
  }
  return "names are tokens in lower case, values without control characters and without spaces "
         "around them";
}

}  // namespace weft::rpc
