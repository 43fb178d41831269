#pragma once

#include <string>
#include <string_view>

#include "weft/http1/message/head.h"

namespace weft::http1 {

/// Parses a head that HeadScanner has found, from its begin() to its end(). Refused is all that
/// RFC 9110 and 9112 do not allow, and what they allow but parsers differ in: repeated
/// Content-Length, transfer codings other than one "chunked".
Fault parse_request(std::string text, RequestHead& into);

/// As parse_request(), the answer to a request of `method`, of which the framing depends.
Fault parse_response(std::string text, std::string_view method, ResponseHead& into);

/// The lines of trailers as a field section of their own, with the empty line. Fields that frame,
/// route or authenticate a message are refused in them (RFC 9110 section 6.5.1).
Fault parse_trailers(std::string_view lines, Head& into);

}  // namespace weft::http1
