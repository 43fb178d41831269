#include "weft/edge/internal/query.h"

#include <algorithm>
#include <cstddef>

#include "weft/base/printable.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

// A call needs five.
constexpr std::size_t kMostParameters = 64;

/// Takes the next parameter off the front.
std::string_view take_parameter(std::string_view& query) noexcept {
  const std::string_view parameter = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(query.size(), parameter.size() + 1));
  return parameter;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// False at an escape that is none.
bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return true;
}

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view parameter = take_parameter(text);
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    std::pair<std::string, std::string> read;
    if (!decode(parameter.substr(0, equals), read.first) ||
        !decode(parameter.substr(std::min(equals + 1, parameter.size())), read.second)) {
      return invalid_argument("the parameter '" + printable(parameter.substr(0, 64)) +
                              "' has a % that two hexadecimal digits do not follow");
    }
    if (query.parameters_.size() == kMostParameters) {
      return invalid_argument("the query has more than " + std::to_string(kMostParameters) +
                              " parameters");
    }
    if (query.find(read.first) != nullptr) {
      return invalid_argument("the parameter '" + printable(read.first.substr(0, 64)) +
                              "' comes twice");
    }
    query.parameters_.push_back(std::move(read));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const noexcept {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return &value;
  }
  return nullptr;
}

bool has_parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::string_view parameter = take_parameter(query);
    if (parameter.substr(0, parameter.find('=')) == name) return true;
  }
  return false;
}

std::optional<std::string> from_url_base64(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  std::string bytes;
  if (!rpc::base64_decode(text, bytes)) return std::nullopt;
  return bytes;
}

}  // namespace weft::edge
