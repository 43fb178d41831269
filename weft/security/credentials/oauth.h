#pragma once

#include <cstdint>
#include <string>

#include "weft/base/result.h"
#include "weft/http1/client/client_options.h"
#include "weft/security/credentials/credential_source.h"

namespace weft::security {

/// A client of an OAuth 2.0 authorization server.
struct OAuthOptions {
  /// The token endpoint: https, or http to this machine. It is not followed elsewhere.
  std::string token_url{};
  std::string client_id{};
  /// One of the two, or none for a client that has no secret. The file is read for each token.
  std::string client_secret{};
  std::string client_secret_file{};
  enum class ClientSecret : std::uint8_t {
    InHeader,  ///< HTTP's Basic, as RFC 6749 section 2.3.1 wants it
    InBody,
  };
  ClientSecret send_secret = ClientSecret::InHeader;

  /// Words with spaces between them.
  std::string scope{};
  /// Whom the token is for: what the server calls its services, and a URI (RFC 8707).
  std::string audience{};
  std::string resource{};
  /// Trust, proxy. A response has 64 KiB at most, and comes within 9 s.
  http1::ClientOptions http{};

  /// INVALID_ARGUMENT naming the option.
  Status valid() const;
};

/// `Bearer` with tokens that the client gets for itself (RFC 6749 section 4.4), fetched as
/// bearer_token() does. Where the server does not say how long a token lives it is used for 5
/// minutes. INVALID_ARGUMENT naming the option.
Result<CredentialSourceRef> oauth_client_credentials(OAuthOptions options);

struct TokenExchangeOptions {
  OAuthOptions client{};
  /// Gets the token that is given for another one; or the JWT in a file. One of the two.
  TokenFetch subject{};
  std::string subject_file{};
  std::string subject_token_type = "urn:ietf:params:oauth:token-type:jwt";
  std::string requested_token_type = "urn:ietf:params:oauth:token-type:access_token";
};

/// `Bearer` with tokens that the client gets for another one (RFC 8693): a cloud's for the one that
/// Kubernetes gave it. Fetched as bearer_token() does. INVALID_ARGUMENT naming the option.
Result<CredentialSourceRef> oauth_token_exchange(TokenExchangeOptions options);

}  // namespace weft::security
