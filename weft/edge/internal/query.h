#pragma once

#include <cstdint>
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
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  enum class Repeats : std::uint8_t { Refused, Taken };

  /// INVALID_ARGUMENT for an escape that is none, a name that comes twice where that is refused,
  /// and too many parameters: more than 64, or 256 where a name may come again. `text` is what
  /// follows the "?".
  static Result<Query> parse(std::string_view text, Repeats repeats = Repeats::Refused);

  /// In the order of the query.
  const Parameters& all() const noexcept { return parameters_; }

  /// Null where it is not there.
  const std::string* find(std::string_view name) const noexcept;

 private:
  Parameters parameters_;
};

/// Whether a query has a parameter of that name, as it stands.
bool has_parameter(std::string_view query, std::string_view name) noexcept;

/// What `text` says in base64 of either alphabet (RFC 4648 sections 4 and 5), with or without
/// padding.
std::optional<std::string> from_url_base64(std::string text);

}  // namespace weft::edge
