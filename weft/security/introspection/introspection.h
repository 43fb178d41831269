#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/http1/client/client_options.h"
#include "weft/security/authenticator.h"
#include "weft/security/credentials/oauth.h"

namespace weft::security {

struct IntrospectionOptions {
  /// The introspection endpoint: https, or http to this machine. It is not followed elsewhere.
  std::string url{};
  /// What this server is to the endpoint, as for a client of OAuth: OAuthOptions.
  std::string client_id{};
  std::string client_secret{};
  std::string client_secret_file{};
  OAuthOptions::ClientSecret send_secret = OAuthOptions::ClientSecret::InHeader;

  /// An answer's "aud" has to have one of these. Empty: it is not looked at, for servers whose
  /// endpoint does so itself (RFC 7662 section 2.2).
  std::vector<std::string> audiences{};
  /// The principal's issuer; an answer with another "iss" is refused. Empty: an answer's "iss".
  std::string issuer{};
  /// Members of an answer that become the Principal's subject and roles, as for JwtIssuer.
  std::string subject_claim = "sub";
  std::string roles_claim = "scope";
  /// Members that Principal::claims gets besides.
  std::vector<std::string> claims{};

  std::size_t max_token_size = 8 * 1024;
  /// How long an answer is taken for true, but not beyond its "exp": how much longer a token that
  /// was revoked may work. At most 10 min.
  Duration remember = std::chrono::seconds(10);
  /// How many answers are remembered, for all loops.
  std::size_t remembered = 10'000;
  /// How many tokens are asked for at the same time.
  std::size_t max_asking = 100;
  /// How long an answer may take.
  Duration timeout = std::chrono::seconds(5);
  /// Trust, proxy.
  http1::ClientOptions http{};
  /// What time it is; empty: the system's clock. For tests.
  std::function<std::chrono::system_clock::time_point()> now{};

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

/// Takes opaque tokens from `authorization: Bearer`: each is asked for at its authorization server
/// (RFC 7662), once for all calls that bring it at the same time, and remembered for a while.
///
///     auto tokens = security::Introspection::make({
///         .url = "https://login.example.org/introspect",
///         .client_id = "orders",
///         .client_secret_file = "/run/secrets/orders"});
///     if (!tokens.ok()) return tokens.status();
///     server.use(weft::authentication(*tokens));
///
/// A token is taken where the answer says "active": true, "exp" and "nbf" fit where they are there,
/// and issuer and audience do. The principal has the scheme "oauth". Calls get UNAUTHENTICATED for
/// another token, UNAVAILABLE where the server is away or its answer cannot be understood, and
/// RESOURCE_EXHAUSTED beyond `max_asking`.
class Introspection : public Authenticator {
 public:
  /// INVALID_ARGUMENT naming the option.
  static Result<std::shared_ptr<Introspection>> make(IntrospectionOptions options);

  /// OK, or why the endpoint could not be asked the last time. From any thread.
  virtual Status health() const = 0;
};

}  // namespace weft::security
