#include "weft/security/introspection/introspection.h"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/log.h"
#include "weft/cache/cache.h"
#include "weft/http1/client/url.h"
#include "weft/middleware/config/json_node.h"
#include "weft/security/credentials/internal/token_endpoint.h"
#include "weft/security/internal/keyed_hash.h"
#include "weft/security/jwt/internal/claims.h"
#include "weft/security/jwt/internal/keys_reader.h"

namespace weft::security {
namespace {

using internal::Form;
using internal::KeyedHash;
using internal::TokenEndpoint;
using internal::WallTime;
using middleware::JsonDocument;
using middleware::JsonNode;

constexpr Duration kLongestRemember = std::chrono::minutes(10);

/// What an endpoint said of an active token.
struct Active {
  PrincipalRef principal;
  WallTime from{};
  WallTime until = WallTime::max();
};

/// The far side, and what is known of it. Loads of the cache go on where the authenticator is gone.
class Endpoint {
 public:
  explicit Endpoint(const IntrospectionOptions& options)
      : options_(options),
        http_({.token_url = options.url,
               .client_id = options.client_id,
               .client_secret = options.client_secret,
               .client_secret_file = options.client_secret_file,
               .send_secret = options.send_secret,
               .http = options.http}) {}

  /// NOT_FOUND: the token is not active.
  Task<Result<Active>> ask(std::string token) {
    Form form;
    form.add("token", token).add("token_type_hint", "access_token");
    const Result<http1::Response> response = co_await http_.post(std::move(form));
    Result<Active> active = read(response);
    note(active.status());
    co_return active;
  }

  Status health() const {
    const std::lock_guard lock(mutex_);
    return health_;
  }

 private:
  Result<Active> read(const Result<http1::Response>& response) const {
    if (!response.ok()) return response.status();
    if (response->status == 401) {
      return unavailable("it answers 401: client_id and the secret are not taken");
    }
    if (response->status != 200) {
      return unavailable("it answers " + std::to_string(response->status));
    }
    Result<JsonDocument> document = JsonDocument::parse(response->text());
    if (!document.ok() || !document->root().is_object()) {
      return unavailable("it answers with no JSON object");
    }
    const JsonNode root = document->root();
    const JsonNode active = root["active"];
    if (!active.present() || active.is_text() || !active.boolean()) {
      return unavailable("it answers without \"active\": true or false");
    }
    if (!*active.boolean()) return not_found("the token is not active");
    return read_active(root);
  }

  Result<Active> read_active(const JsonNode& root) const {
    const std::string issuer = internal::text_claim(root, "iss");
    if (!options_.issuer.empty() && !issuer.empty() && issuer != options_.issuer) {
      return not_found("the token is of another issuer");
    }
    if (!options_.audiences.empty() && !internal::has_audience(root, options_.audiences)) {
      return not_found("the token is for another server");
    }
    Active active;
    for (auto& [name, time] : {std::pair{"exp", &active.until}, {"nbf", &active.from}}) {
      const JsonNode member = root[name];
      if (!member.present()) continue;
      const std::optional<WallTime> read = internal::read_time(member);
      if (!read) return unavailable(std::string("it answers with no time in \"") + name + "\"");
      *time = *read;
    }
    Principal principal{.subject = internal::text_claim(root, options_.subject_claim),
                        .issuer = options_.issuer.empty() ? issuer : options_.issuer,
                        .scheme = "oauth",
                        .roles = internal::texts_claim(root, options_.roles_claim)};
    if (principal.subject.empty()) {
      return unavailable("it answers without a text in \"" + options_.subject_claim + "\"");
    }
    internal::add_claims(root, options_.claims, principal);
    active.principal = std::make_shared<const Principal>(std::move(principal));
    return active;
  }

  void note(const Status& outcome) {
    const bool is_well = outcome.ok() || outcome.code() == StatusCode::NotFound;
    const std::lock_guard lock(mutex_);
    if (is_well != health_.ok()) {
      log(is_well ? LogLevel::Info : LogLevel::Warn,
          "the introspection endpoint " + http1::Url::parse(options_.url)->shown() +
              (is_well ? " answers again" : ": " + std::string(outcome.message())));
    }
    health_ = is_well ? Status() : outcome;
  }

  const IntrospectionOptions options_;
  TokenEndpoint http_;
  mutable ForkMutex mutex_;
  Status health_;
};

using Answers = Cache<std::string, Active, KeyedHash>;

CacheOptions cache_options(const IntrospectionOptions& options) {
  return {.max_weight = options.remembered,
          .ttl = options.remember,
          .absent_ttl = options.remember,
          // A token that is asked for again before its time would be asked for twice as often.
          .refresh_ahead = 0,
          .load_timeout = options.timeout,
          .max_loads = options.max_asking};
}

class Asking final : public Introspection {
 public:
  explicit Asking(IntrospectionOptions options)
      : options_(std::move(options)),
        endpoint_(std::make_shared<Endpoint>(options_)),
        answers_(cache_options(options_), [endpoint = endpoint_](const std::string& token) {
          return endpoint->ask(token);
        }) {}

  Status health() const override { return endpoint_->health(); }

  Task<Result<PrincipalRef>> authenticate(Call& call) override {
    const Result<std::string_view> token = credentials_of(call, "bearer");
    if (!token.ok()) return Result<PrincipalRef>(token.status());
    if (token->data() == nullptr) return Result<PrincipalRef>(nullptr);
    if (token->size() > options_.max_token_size) {
      return Result<PrincipalRef>(unauthenticated("the token has " + std::to_string(token->size()) +
                                                  " bytes; the limit is " +
                                                  std::to_string(options_.max_token_size)));
    }
    return look_up(std::string(*token));
  }

 private:
  Task<Result<PrincipalRef>> look_up(std::string token) {
    const Result<Answers::Pointer> answer = co_await answers_.get(token);
    if (answer.ok()) co_return principal_of(**answer);
    switch (answer.status().code()) {
      case StatusCode::NotFound:
        co_return unauthenticated("the token is not active, or not meant for this server");
      case StatusCode::ResourceExhausted:
        co_return resource_exhausted("more than " + std::to_string(options_.max_asking) +
                                     " tokens are being asked for "
                                     "(IntrospectionOptions::max_asking)");
      default:
        // Why is for the log and health(): it may name what is inside the network.
        co_return unavailable("the token's authorization server cannot be asked");
    }
  }

  Result<PrincipalRef> principal_of(const Active& active) const {
    const WallTime now = options_.now ? options_.now() : std::chrono::system_clock::now();
    if (now >= active.until) return unauthenticated("the token has expired");
    if (now < active.from) return unauthenticated("the token is not valid yet");
    return active.principal;
  }

  const IntrospectionOptions options_;
  const std::shared_ptr<Endpoint> endpoint_;
  Answers answers_;
};

}  // namespace

Status IntrospectionOptions::valid() const {
  Status checked = internal::check_secret_url(url);
  if (!checked.ok()) return checked.with_prefix("IntrospectionOptions::url");
  if (!client_secret.empty() && !client_secret_file.empty()) {
    return invalid_argument(
        "IntrospectionOptions: set client_secret or client_secret_file, not both");
  }
  if (client_id.empty() && !(client_secret.empty() && client_secret_file.empty())) {
    return invalid_argument("IntrospectionOptions::client_id is empty, and there is a secret");
  }
  if (subject_claim.empty())
    return invalid_argument("IntrospectionOptions::subject_claim is empty");
  if (remember <= Duration::zero() || remember > kLongestRemember) {
    return invalid_argument("IntrospectionOptions::remember is " + to_string(remember) +
                            "; more than 0s and at most 10min are allowed");
  }
  if (remembered == 0 || max_asking == 0) {
    return invalid_argument("IntrospectionOptions: remembered and max_asking are at least 1");
  }
  if (timeout <= Duration::zero()) {
    return invalid_argument("IntrospectionOptions::timeout is not longer than nothing");
  }
  return http.valid();
}

Result<std::shared_ptr<Introspection>> Introspection::make(IntrospectionOptions options) {
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  return std::shared_ptr<Introspection>(std::make_shared<Asking>(std::move(options)));
}

}  // namespace weft::security
