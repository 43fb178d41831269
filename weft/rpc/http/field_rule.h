#pragma once

#include <string_view>

#include "weft/rpc/http/http_handler.h"

namespace weft::rpc {

/// Why a field may not stand in a message that an application makes, in any version of HTTP; empty
/// where it may. Its name is a token in lower case, its value without control characters or spaces
/// around it (RFC 9110 section 5), and it is none of those that belong to the connection
/// (Connection, Transfer-Encoding and their kin), which are written by whoever knows it.
std::string_view why_no_field(const HttpField& field) noexcept;

}  // namespace weft::rpc
