#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/security/credentials/credential_source.h"

namespace weft::security::internal {

/// Reads the JWT in a file, on a thread that may block. UNAVAILABLE where the file cannot be read,
/// UNAUTHENTICATED where it holds something else (gRFC A97).
TokenFetch token_file_reader(std::string path);

/// What a regular file of at most 16 KiB says, without blanks and line ends around it. Blocks;
/// UNAVAILABLE naming the path.
Result<std::string> read_secret_file(const std::string& path);

/// "exp" of a JWT whose signature is not looked at: its owner trusts where it comes from.
/// UNAUTHENTICATED saying what is wrong, without the token.
Result<std::chrono::system_clock::time_point> expiry_of_jwt(std::string_view token);

}  // namespace weft::security::internal
