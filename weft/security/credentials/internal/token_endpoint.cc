#include "weft/security/credentials/internal/token_endpoint.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "weft/base/text/ascii.h"
#include "weft/http1/client/url.h"
#include "weft/middleware/config/json_node.h"
#include "weft/net/loop/offload.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/security/credentials/internal/token_file.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;

constexpr std::size_t kMostBytes = 64 * 1024;
constexpr std::size_t kMostErrorBytes = 64;
/// Less than a fetch may take, so that the answer says what was slow.
constexpr Duration kTimeout = std::chrono::seconds(9);
constexpr Duration kUnsaidLifetime = std::chrono::minutes(5);
constexpr double kMostSeconds = 1e9;

/// The credential of Basic (RFC 7617), whose base64 has padding.
std::string basic(std::string_view id, std::string_view secret) {
  const std::string both = Form::encoded(id) + ":" + Form::encoded(secret);
  std::string text;
  rpc::base64_encode(both, text);
  text.resize((text.size() + 3) / 4 * 4, '=');
  return "Basic " + text;
}

http1::ClientOptions options_of(const OAuthOptions& options) {
  http1::ClientOptions http = options.http;
  // A proxy between this machine and itself could read the secret.
  const Result<http1::Url> url = http1::Url::parse(options.token_url);
  if (url.ok() && !url->is_https()) http.proxy.clear();
  return http;
}

}  // namespace

std::string Form::encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (ascii::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '*') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return out;
}

Form& Form::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_.append(text_.empty() ? "" : "&").append(encoded(name)).append("=").append(encoded(value));
  return *this;
}

TokenEndpoint::TokenEndpoint(OAuthOptions options)
    : options_(std::move(options)), http_(options_of(options_)) {}

http1::Request TokenEndpoint::request(Form form, const std::string& secret) const {
  http1::Request request("POST", options_.token_url);
  if (options_.send_secret == OAuthOptions::ClientSecret::InHeader && !secret.empty()) {
    request.header("authorization", basic(options_.client_id, secret));
  } else {
    form.add("client_id", options_.client_id).add("client_secret", secret);
  }
  request.header("content-type", "application/x-www-form-urlencoded")
      .header("accept", "application/json")
      .body(form.text())
      .timeout(kTimeout)
      .max_body(kMostBytes)
      .max_redirects(0);
  return request;
}

Task<Result<http1::Response>> TokenEndpoint::post(Form form) {
  Result<std::string> secret = options_.client_secret;
  if (!options_.client_secret_file.empty()) {
    secret = co_await net::offload(&read_secret_file, options_.client_secret_file);
  }
  if (!secret.ok()) co_return std::move(secret).status();
  http1::Request made = request(std::move(form), *secret);
  co_return co_await http_.send(std::move(made));
}

Task<Result<AccessToken>> TokenEndpoint::ask(Form form) {
  form.add("scope", options_.scope)
      .add("audience", options_.audience)
      .add("resource", options_.resource);
  const Result<http1::Response> response = co_await post(std::move(form));
  if (!response.ok()) co_return response.status();
  if (response->status != 200) co_return read_token_error(response->status, response->text());
  co_return read_token_response(response->text());
}

Result<AccessToken> read_token_response(std::string_view body) {
  const auto wrong = [](std::string_view what) {
    return unavailable("the token endpoint answers " + std::string(what));
  };
  Result<JsonDocument> document = JsonDocument::parse(body);
  if (!document.ok() || !document->root().is_object()) return wrong("with no JSON object");
  const JsonNode root = document->root();
  std::optional<std::string> text = root["access_token"].text();
  if (!text) return wrong("without an \"access_token\"");
  const std::string type = root["token_type"].text().value_or("");
  if (!ascii::equal_without_case(type, "bearer")) {
    return wrong("with a \"token_type\" that is not Bearer");
  }
  AccessToken token{.text = *std::move(text), .expires = {}, .lifetime = kUnsaidLifetime};
  if (const JsonNode seconds = root["expires_in"]; seconds.present()) {
    const std::optional<double> number = seconds.number(0, kMostSeconds, "seconds");
    if (!number) return wrong("with an \"expires_in\" that is no number of seconds");
    token.lifetime = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*number));
  }
  return token;
}

Status read_token_error(int status, std::string_view body) {
  std::string message = "the token endpoint answers " + std::to_string(status);
  Result<JsonDocument> document = JsonDocument::parse(body);
  if (document.ok() && document->root().is_object()) {
    const std::string code = document->root()["error"].text().value_or("");
    const bool plain = std::all_of(code.begin(), code.end(),
                                   [](char c) { return ascii::is_lower(c) || c == '_'; });
    if (!code.empty() && code.size() <= kMostErrorBytes && plain) message += ": " + code;
  }
  const bool refuses = status == 400 || status == 401 || status == 403;
  return refuses ? unauthenticated(message) : unavailable(message);
}

}  // namespace weft::security::internal
