#include "weft/edge/internal/query.h"

#include <algorithm>
#include <cstddef>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

// A call of Connect needs five; one of REST may have a list in it.
constexpr std::size_t kMostNames = 64;
constexpr std::size_t kMostParameters = 256;

/// Takes the next parameter off the front.
std::string_view take_parameter(std::string_view& query) noexcept {
  const std::string_view parameter = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(query.size(), parameter.size() + 1));
  return parameter;
}

/// As forms are encoded; nothing at an escape that is none.
std::optional<std::string> decode(std::string_view text) {
  std::string with_spaces(text);
  std::replace(with_spaces.begin(), with_spaces.end(), '+', ' ');
  return ascii::percent_decoded(with_spaces);
}

}  // namespace

Result<Query> Query::parse(std::string_view text, Repeats repeats) {
  const bool once = repeats == Repeats::Refused;
  const std::size_t most = once ? kMostNames : kMostParameters;
  Query query;
  while (!text.empty()) {
    const std::string_view parameter = take_parameter(text);
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    std::optional<std::string> name = decode(parameter.substr(0, equals));
    std::optional<std::string> value =
        decode(parameter.substr(std::min(equals + 1, parameter.size())));
    if (!name || !value) {
      return invalid_argument("the parameter '" + printable(parameter.substr(0, 64)) +
                              "' has a % that two hexadecimal digits do not follow");
    }
    if (query.parameters_.size() == most) {
      return invalid_argument("the query has more than " + std::to_string(most) + " parameters");
    }
    if (once && query.find(*name) != nullptr) {
      return invalid_argument("the parameter '" + printable(name->substr(0, 64)) + "' comes twice");
    }
    query.parameters_.emplace_back(*std::move(name), *std::move(value));
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
