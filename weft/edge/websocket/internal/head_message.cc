#include "weft/edge/websocket/internal/head_message.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/rpc/http/field_rule.h"

namespace weft::edge {
namespace {

/// Fetch's "forbidden request-header", without those that no HTTP message of an application has,
/// and what proxies say of their client.
bool is_not_for_pages(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 14> kNames = {"accept-charset",
                                                              "accept-encoding",
                                                              "content-length",
                                                              "cookie",
                                                              "date",
                                                              "expect",
                                                              "forwarded",
                                                              "host",
                                                              "origin",
                                                              "referer",
                                                              "set-cookie",
                                                              "trailer",
                                                              "via",
                                                              "x-real-ip"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("proxy-") || name.starts_with("sec-") || name.starts_with("x-forwarded-");
}

std::string shown(std::string_view text) { return "'" + printable(text.substr(0, 32)) + "'"; }

Status add_line(std::string_view line, std::size_t of_request,
                std::vector<rpc::HttpField>& fields) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return invalid_argument("no field: " + shown(line));
  const rpc::HttpField field{line.substr(0, colon), ascii::trimmed(line.substr(colon + 1))};
  const std::string_view wrong = rpc::why_no_field(field);
  if (!wrong.empty()) {
    return invalid_argument("the field " + shown(field.name) + ": " + std::string(wrong));
  }
  if (is_not_for_pages(field.name)) {
    return invalid_argument("the field " + shown(field.name) + " may not be sent in a message");
  }
  for (std::size_t i = 0; i < of_request; ++i) {
    if (fields[i].name != field.name) continue;
    return invalid_argument("the field " + shown(field.name) + " is in the opening request");
  }
  fields.push_back(field);
  return {};
}

}  // namespace

Status read_head_message(std::string& text, std::vector<rpc::HttpField>& fields) {
  const std::size_t of_request = fields.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t name = std::min(line.find(':'), line.size());
    for (std::size_t i = at; i < at + name; ++i) text[i] = ascii::lower(text[i]);
    at = end + 1;
    if (line.empty()) continue;
    if (Status status = add_line(line, of_request, fields); !status.ok()) return status;
  }
  return {};
}

Status write_head_message(rpc::HttpFields fields, std::string& text) {
  for (const rpc::HttpField& field : fields) {
    if (const std::string_view wrong = rpc::why_no_field(field); !wrong.empty()) {
      return invalid_argument("the response field " + shown(field.name) + ": " +
                              std::string(wrong));
    }
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return {};
}

}  // namespace weft::edge
