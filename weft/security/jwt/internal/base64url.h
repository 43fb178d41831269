#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::security::internal {

/// What `text` says in base64url as JOSE has it (RFC 7515 section 2): without padding, white space
/// or bits that no byte has. Nothing where it is something else.
std::optional<std::string> read_base64url(std::string_view text);

}  // namespace weft::security::internal
