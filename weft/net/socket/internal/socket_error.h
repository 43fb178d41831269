#pragma once

#include <string>

#include "weft/base/status.h"
#include "weft/net/socket/address.h"

namespace weft::net::internal {

/// "Connection refused" as part of a sentence: "connection refused". Names as "DNS" stay.
std::string as_clause(std::string text);

/// What a system error number means, in lower case: "connection refused".
std::string error_text(int error);

/// What happened to a connection: UNAVAILABLE of origin Transport, "127.0.0.1:1: connection
/// refused".
Status connection_error(const Address& peer, int error);

/// Why a listener cannot be had: PERMISSION_DENIED, ALREADY_EXISTS (the address is in use),
/// INVALID_ARGUMENT (the address is not one of this machine's) or UNAVAILABLE.
Status listen_error(const Address& address, int error);

}  // namespace weft::net::internal
