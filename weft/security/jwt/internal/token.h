#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/middleware/config/json_node.h"
#include "weft/security/jwt/jwt_algorithm.h"

namespace weft::security::internal {

/// In lower case without "application/" (RFC 7515 section 4.1.9).
std::string media_type(std::string_view type);

/// A token in JWS' compact form (RFC 7515 section 7.1), taken apart. Nothing of it is proven.
struct Token {
  /// UNAUTHENTICATED saying what is wrong: of its form, of its header, of an algorithm that
  /// JwtAlgorithm does not have, of "crit", which nothing here understands. "jku", "jwk", "x5u" and
  /// "x5c" are not looked at: who makes a token does not choose its key.
  static Result<Token> parse(std::string_view text);

  JwtAlgorithm algorithm{};
  std::string key_id;  ///< "kid"; empty where there is none
  std::string type;    ///< "typ" in lower case without "application/"; empty where there is none
  std::string_view signed_text;  ///< points into the token's text
  std::string signature;
  middleware::JsonDocument claims;
};

}  // namespace weft::security::internal
