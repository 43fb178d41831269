#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"

namespace weft::edge {

/// The parameters of a query, `name=value` between `&`, percent-decoded (RFC 3986 section 2.1); "+"
/// is a space, as forms and URLSearchParams write it.
class Query {
 public:
  /// INVALID_ARGUMENT for an escape that is none, a name that comes twice, and more than 64
  /// parameters. `text` is what
  /// follows the "?".
  static Result<Query> parse(std::string_view text);

  /// Null where it is not there.
  const std::string* find(std::string_view name) const noexcept;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// Whether a query has a parameter of that name, as it stands.
bool has_parameter(std::string_view query, std::string_view name) noexcept;

/// What `text` says in base64 of either alphabet (RFC 4648 sections 4 and 5), with or without
/// padding.
std::optional<std::string> from_url_base64(std::string text);

}  // namespace weft::edge
