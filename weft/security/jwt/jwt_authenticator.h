#pragma once

#include <memory>

#include "weft/base/result.h"
#include "weft/security/authenticator.h"
#include "weft/security/jwt/jwt_options.h"

namespace weft::security {

/// Takes JSON Web Tokens (RFC 7519, by the rules of RFC 8725) from `authorization: Bearer`.
///
///     auto tokens = security::JwtAuthenticator::make({.issuers = {{
///         .issuer = "https://login.example.org",
///         .audiences = {"orders"},
///         .discover = true,
///     }}});
///     if (!tokens.ok()) return ...
///     server.use(weft::authentication(*tokens));
///
/// A token is taken where its issuer is one of those above, its algorithm one of that issuer's, one
/// of the issuer's keys has signed it, "aud" has one of the audiences, "exp" is there and has not
/// passed, and "nbf" has. The principal has the scheme "jwt" (or "jwt-svid"), the token's subject,
/// and "iss" (or "spiffe://" and the trust domain) as its issuer.
///
/// Keys are fetched in the background. Where a token names a key that is not there, the call waits
/// for one fetch, which JwtOptions::min_refetch limits; what cannot be fetched leaves the keys as
/// they are. The first calls wait for the first fetch.
class JwtAuthenticator : public Authenticator {
 public:
  /// INVALID_ARGUMENT naming the option; of keys in the options and in files also what is wrong
  /// with these. Keys that have to be fetched may be away: see health().
  static Result<std::shared_ptr<JwtAuthenticator>> make(JwtOptions options);

  /// OK, or for one of the issuers why its keys could not be read the last time. From any thread.
  virtual Status health() const = 0;
};

}  // namespace weft::security
