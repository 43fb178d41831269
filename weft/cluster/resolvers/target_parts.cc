#include <algorithm>
#include <optional>

#include "weft/base/text/ascii.h"
#include "weft/cluster/resolvers/resolver.h"

namespace weft::cluster {
namespace {

Status unreadable(std::string_view text, std::string_view why) {
  std::string message = "target '";
  return invalid_argument(message.append(shown(text)).append("': ").append(why));
}

/// "a=1&b=2" into `into`; what is wrong with it, or empty.
std::string_view read_query(std::string_view query, std::map<std::string, std::string>& into) {
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return "its query is not of the form name=value&name=value";
    }
    std::optional<std::string> name = ascii::percent_decoded(item.substr(0, equals));
    std::optional<std::string> value = ascii::percent_decoded(item.substr(equals + 1));
    if (!name || !value) {
      return "a '%' in its query is not followed by two hexadecimal digits";
    }
    if (!into.emplace(*std::move(name), *std::move(value)).second) {
      return "its query names something twice";
    }
  }
  return {};
}

}  // namespace

std::string_view shown(std::string_view target) noexcept {
  return target.substr(0, target.find('?'));
}

Result<TargetParts> TargetParts::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return unreadable(text, "expected scheme://authority/path or scheme:path");
  }
  TargetParts parts{.text = std::string(text),
                    .scheme = std::string(text.substr(0, colon)),
                    .authority = {},
                    .path = {},
                    .query = {}};
  std::string_view rest = text.substr(colon + 1);
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    const std::string_view wrong = read_query(rest.substr(question + 1), parts.query);
    if (!wrong.empty()) return unreadable(text, wrong);
    rest = rest.substr(0, question);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    parts.authority = std::string(rest.substr(0, slash));
    rest.remove_prefix(std::min(rest.size(), slash + 1));
  }
  parts.path = std::string(rest);
  return parts;
}

}  // namespace weft::cluster
