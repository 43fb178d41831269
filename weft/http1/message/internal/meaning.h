#pragma once

#include <string_view>

#include "weft/http1/message/head.h"

namespace weft::http1 {

/// Reads what the target and the fields of a parsed head say of the message: its framing, its
/// authority, whether the connection stays. Refuses what RFC 9112 forbids.
Fault read_request_fields(RequestHead& head);
/// As read_request_fields(), for the answer to a request of `method`.
Fault read_response_fields(std::string_view method, ResponseHead& head);

/// Why a line of a head, or its name and value, cannot stand behind the fields that `head` has
/// already: OK where it frames nothing, or where that is not why.
Fault fault_of_framing(std::string_view line, Head& head);

/// False of fields that frame, route or authenticate a message (RFC 9110 section 6.5.1).
bool may_be_trailer(std::string_view name) noexcept;

/// Reads `head.target` in the form that its method asks for.
Fault read_target(RequestHead& head);
/// "host", "host:80", "[::1]:80"; also an empty one.
bool is_authority(std::string_view text) noexcept;

}  // namespace weft::http1
