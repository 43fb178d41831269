#include "weft/security/jwt/internal/keys_reader.h"

#include <optional>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/middleware/config/json_node.h"
#include "weft/security/internal/small_file.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

constexpr std::size_t kMostBytes = 1024 * 1024;

Task<Result<std::string>> fetch(http1::Client& http, std::string url) {
  Result<http1::Response> response = co_await http.get(std::move(url));
  if (!response.ok()) co_return std::move(response).status();
  if (!response->ok()) co_return http1::status_of(*response);
  co_return std::string(response->text());
}

/// "jwks_uri" of an OpenID configuration, which has to be this issuer's (Discovery 1.0 section
/// 4.3).
Result<std::string> keys_url(std::string_view configuration, std::string_view issuer) {
  Result<JsonDocument> document = JsonDocument::parse(configuration);
  if (!document.ok()) return std::move(document).status();
  const JsonNode root = document->root();
  const std::string said = root["issuer"].text().value_or("");
  if (said != issuer) {
    return failed_precondition("the OpenID configuration is that of the issuer \"" +
                               printable(cut_text(said)) + "\"");
  }
  std::optional<std::string> url = root["jwks_uri"].text();
  if (!url) return failed_precondition("the OpenID configuration has no \"jwks_uri\"");
  const Status allowed = check_secret_url(*url);
  if (!allowed.ok()) return allowed.with_prefix("\"jwks_uri\" of the OpenID configuration");
  return *std::move(url);
}

Task<Result<std::string>> discover(http1::Client& http, std::string issuer) {
  constexpr std::string_view kPlace = "/.well-known/openid-configuration";
  const bool slash = issuer.ends_with('/');
  const std::string place = issuer + std::string(slash ? kPlace.substr(1) : kPlace);
  const Result<std::string> configuration = co_await fetch(http, place);
  if (!configuration.ok()) co_return configuration.status();
  const Result<std::string> url = keys_url(*configuration, issuer);
  if (!url.ok()) co_return url.status();
  co_return co_await fetch(http, *url);
}

bool is_loopback(std::string_view host) noexcept {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

}  // namespace

Status check_secret_url(const std::string& url) {
  const Result<http1::Url> parsed = http1::Url::parse(url);
  if (!parsed.ok()) return parsed.status();
  if (parsed->is_https() || is_loopback(parsed->host())) return {};
  return invalid_argument("it is " + parsed->shown() +
                          ": keys and tokens are fetched by https, or by http from this machine");
}

Result<std::string> read_keys_file(const std::string& path) {
  Result<SmallFile> file = read_small_file(path, kMostBytes);
  if (!file.ok()) return std::move(file).status();
  return std::move(file->text);
}

KeysReader keys_reader(const JwtIssuer& issuer, std::shared_ptr<http1::Client> http) {
  if (!issuer.jwks_file.empty()) {
    return
        [path = issuer.jwks_file]() -> Task<Result<std::string>> { return read_keys_file(path); };
  }
  if (issuer.discover) {
    return [http = std::move(http), name = issuer.issuer] { return discover(*http, name); };
  }
  return [http = std::move(http), url = issuer.jwks_url] { return fetch(*http, url); };
}

}  // namespace weft::security::internal
