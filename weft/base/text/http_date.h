#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace weft {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), in every locale.
std::string http_date(std::time_t time);
/// The date of now; valid until this thread asks again.
std::string_view current_http_date();

}  // namespace weft
