#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http1/client/client_options.h"
#include "weft/security/jwt/jwt_algorithm.h"

namespace weft::net {
class Loop;
}

namespace weft::security {

/// Whose tokens are taken, what they have to say, and where the keys are. Of `jwks`, `jwks_file`,
/// `jwks_url` and `discover` exactly one is set.
struct JwtIssuer {
  /// What a token's "iss" has to be, byte for byte.
  std::string issuer{};
  /// For JWT-SVIDs, in place of `issuer`: "example.org" takes tokens whose "sub" is a SPIFFE ID of
  /// that trust domain, whatever their "iss".
  std::string trust_domain{};
  /// A token's "aud" has to have one of these.
  std::vector<std::string> audiences{};
  /// No other is taken. For a trust domain EdDSA is none of them (SPIFFE JWT-SVID section 3.1.1).
  std::vector<JwtAlgorithm> algorithms{JwtAlgorithm::RS256, JwtAlgorithm::PS256,
                                       JwtAlgorithm::ES256};
  /// What the header's "typ" has to be, such as "at+jwt" (RFC 9068); empty: anything.
  std::string type{};

  /// The keys themselves, as a JSON Web Key Set.
  std::string jwks{};
  /// A file of them, read again when it has changed.
  std::string jwks_file{};
  /// Where they are fetched from: https, or http to this machine.
  std::string jwks_url{};
  /// The URL of the keys is asked for at issuer + "/.well-known/openid-configuration" (OpenID
  /// Connect Discovery 1.0).
  bool discover = false;

  /// Claims that become the Principal's subject and roles. Roles are a list of texts, or one text
  /// with spaces between them as "scope" has it; a dot leads into an object ("realm_access.roles").
  std::string subject_claim = "sub";
  std::string roles_claim = "roles";
  /// Claims that Principal::claims gets besides.
  std::vector<std::string> claims{};
};

struct JwtOptions {
  std::vector<JwtIssuer> issuers{};
  /// How far the clocks of issuers may be off, for "exp" and "nbf"; one minute at most.
  Duration clock_skew = std::chrono::seconds(30);
  /// Bytes of a token.
  std::size_t max_token_size = 8 * 1024;
  /// How many verified tokens each loop remembers, never beyond their end or that of their key; 0:
  /// each token is verified each time.
  std::size_t remembered = 4096;

  /// How often keys are fetched, or looked for in a file.
  Duration refresh = std::chrono::minutes(5);
  /// After a fetch a token of an unknown key leads to another one at the earliest after this long.
  Duration min_refetch = std::chrono::seconds(10);
  /// How long a call waits for keys.
  Duration keys_timeout = std::chrono::seconds(5);
  /// How they are fetched.
  http1::ClientOptions http{};

  /// Where keys are fetched and read: a loop on whose thread the authenticator is destroyed. Null:
  /// a thread of its own, if one is needed.
  net::Loop* loop = nullptr;
  /// What time it is; empty: the system's clock. For tests.
  std::function<std::chrono::system_clock::time_point()> now{};

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

}  // namespace weft::security
