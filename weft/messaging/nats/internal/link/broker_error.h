#pragma once

#include <string_view>

#include "weft/base/status.h"

namespace weft::nats {

/// The status of a -ERR that ends a connection, without quotes: UNAUTHENTICATED where the broker
/// does not know the client or no longer, RESOURCE_EXHAUSTED for its limits, else UNAVAILABLE.
/// Origin Transport.
Status broker_error(std::string_view text);

/// The subject that -ERR says this client may not publish to; empty: it says something else.
std::string_view forbidden_subject(std::string_view text) noexcept;

/// Whether a -ERR leaves the connection as it is.
bool is_harmless(std::string_view text) noexcept;

}  // namespace weft::nats
