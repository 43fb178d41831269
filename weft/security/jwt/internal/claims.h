#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/middleware/config/json_node.h"
#include "weft/rpc/call/principal.h"
#include "weft/security/jwt/internal/token.h"
#include "weft/security/jwt/internal/token_memory.h"
#include "weft/security/jwt/jwt_options.h"

namespace weft::security::internal {

/// A time in seconds, perhaps with a fraction (RFC 7519 section 2, NumericDate); at most one in
/// 2255, since the system's clock ends in 2262. Nothing where it is something else, also a text of
/// one.
std::optional<WallTime> read_time(middleware::JsonNode claim);

/// A claim that is a text; empty where there is none or it is something else.
std::string text_claim(middleware::JsonNode claims, std::string_view name);
/// The texts of a list, or the words of a text, at a path with dots.
std::vector<std::string> texts_claim(middleware::JsonNode claims, std::string_view path);
/// Whether "aud", a text or a list of them, has one of `ours`.
bool has_audience(middleware::JsonNode claims, const std::vector<std::string>& ours);
/// Adds those of these names to Principal::claims.
void add_claims(middleware::JsonNode claims, const std::vector<std::string>& wanted, Principal& to);

/// The place of the issuer that a token says it has in `issuers`; UNAUTHENTICATED where it is none
/// of them.
Result<std::size_t> issuer_of(Token& token, const std::vector<JwtIssuer>& issuers);

/// Who a token stands for, and until when, given that its signature is right. UNAUTHENTICATED
/// naming the claim.
struct Claimed {
  Principal principal;
  WallTime until;
  WallTime from{};  ///< the skew is taken off
};
Result<Claimed> read_claims(Token& token, const JwtIssuer& issuer, WallTime now, Duration skew);

}  // namespace weft::security::internal
