#include "weft/security/credentials/oauth.h"

#include <memory>
#include <utility>

#include "weft/security/credentials/internal/cached_source.h"
#include "weft/security/credentials/internal/token_endpoint.h"
#include "weft/security/credentials/internal/token_file.h"
#include "weft/security/jwt/internal/keys_reader.h"

namespace weft::security {
namespace {

using internal::Form;
using internal::TokenEndpoint;

CredentialSourceRef source_of(const std::string& url, TokenFetch fetch) {
  return internal::cached_source({.name = url}, std::move(fetch));
}

Task<Result<AccessToken>> exchange(std::shared_ptr<TokenEndpoint> endpoint, TokenFetch subject,
                                   Form form) {
  const Result<AccessToken> token = co_await subject();
  if (!token.ok()) co_return token.status();
  form.add("subject_token", token->text);
  co_return co_await endpoint->ask(std::move(form));
}

}  // namespace

Status OAuthOptions::valid() const {
  Status url = internal::check_secret_url(token_url);
  if (!url.ok()) return url.with_prefix("OAuthOptions::token_url");
  if (!client_secret.empty() && !client_secret_file.empty()) {
    return invalid_argument("OAuthOptions: set client_secret or client_secret_file, not both");
  }
  if (client_id.empty() && !(client_secret.empty() && client_secret_file.empty())) {
    return invalid_argument("OAuthOptions::client_id is empty, and there is a secret");
  }
  return http.valid();
}

Result<CredentialSourceRef> oauth_client_credentials(OAuthOptions options) {
  Status valid = options.valid();
  if (valid.ok() && options.client_id.empty()) {
    valid = invalid_argument("OAuthOptions::client_id is empty");
  }
  if (!valid.ok()) return valid;
  std::string url = http1::Url::parse(options.token_url)->shown();
  Form form;
  form.add("grant_type", "client_credentials");
  return source_of(url, [endpoint = std::make_shared<TokenEndpoint>(std::move(options)),
                         form = std::move(form)] { return endpoint->ask(form); });
}

Result<CredentialSourceRef> oauth_token_exchange(TokenExchangeOptions options) {
  Status valid = options.client.valid().with_prefix("TokenExchangeOptions::client");
  if (!valid.ok()) return valid;
  if (static_cast<bool>(options.subject) == !options.subject_file.empty()) {
    return invalid_argument("TokenExchangeOptions: set either subject or subject_file");
  }
  if (options.subject_token_type.empty()) {
    return invalid_argument("TokenExchangeOptions::subject_token_type is empty");
  }
  TokenFetch subject = options.subject ? std::move(options.subject)
                                       : internal::token_file_reader(options.subject_file);
  std::string url = http1::Url::parse(options.client.token_url)->shown();
  Form form;
  form.add("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
      .add("subject_token_type", options.subject_token_type)
      .add("requested_token_type", options.requested_token_type);
  return source_of(url, [endpoint = std::make_shared<TokenEndpoint>(std::move(options.client)),
                         subject = std::move(subject),
                         form = std::move(form)] { return exchange(endpoint, subject, form); });
}

}  // namespace weft::security
