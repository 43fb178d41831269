#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/cluster/resolvers/resolver.h"

namespace weft::cluster {

/// RFC 3986, 2.1. Nothing where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

/// INVALID_ARGUMENT where `target` has a query, for schemes that have no options.
Status refuse_options(const TargetParts& target);

}  // namespace weft::cluster
