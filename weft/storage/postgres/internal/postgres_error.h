#pragma once

#include <string_view>

#include "weft/base/status.h"
#include "weft/storage/postgres/internal/libpq.h"

namespace weft::postgres {

inline constexpr std::string_view kCancelledState = "57014";
inline constexpr std::string_view kNoConnection = "08001";
inline constexpr std::string_view kConnectionFailure = "08006";
inline constexpr std::string_view kOutcomeUnknown = "08007";

/// The Status for an error that a statement ended with. Without the server's detail, which has
/// values of rows in it.
Status error_of(const PGresult* result);

/// A Status that no server said, with the SQLSTATE that PostgreSQL has for it.
Status error_with(std::string_view sqlstate, std::string_view message);

/// Whether a result has this SQLSTATE.
bool has_state(const PGresult* result, std::string_view sqlstate) noexcept;

/// What libpq says of an attempt to connect, with PQERRORS_VERBOSE.
struct ConnectError {
  std::string_view sqlstate;  ///< the server's, or 08001
  std::string_view text;      ///< one line; points into what was read
};
ConnectError read_connect_error(std::string_view message) noexcept;

/// libpq's text in one line, without white space at its end.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace weft::postgres
