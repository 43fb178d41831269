#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http1/client/client.h"
#include "weft/security/credentials/credential_source.h"
#include "weft/security/credentials/oauth.h"

namespace weft::security::internal {

/// Parameters of a request for a token, encoded as a form (RFC 6749 appendix B).
class Form {
 public:
  /// Left out where `value` is empty.
  Form& add(std::string_view name, std::string_view value);
  const std::string& text() const noexcept { return text_; }

  static std::string encoded(std::string_view text);

 private:
  std::string text_;
};

/// An authorization server's token endpoint, as one client asks it. May be used by several loops.
class TokenEndpoint {
 public:
  explicit TokenEndpoint(OAuthOptions options);

  /// Adds who asks and for whom. UNAUTHENTICATED where the server refuses, UNAVAILABLE where there
  /// is no answer to understand; nothing of the answer is in the message but its error code.
  Task<Result<AccessToken>> ask(Form form);
  /// Sends a form with the client's id and secret; the answer, whatever it is.
  Task<Result<http1::Response>> post(Form form);

 private:
  http1::Request request(Form form, const std::string& secret) const;

  const OAuthOptions options_;
  http1::Client http_;
};

/// The token in the body of a successful answer (RFC 6749 section 5.1).
Result<AccessToken> read_token_response(std::string_view body);
/// Why there is none, by the status and the body (section 5.2).
Status read_token_error(int status, std::string_view body);

}  // namespace weft::security::internal
