#include "weft/security/credentials/forwarding.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/cache/cache.h"
#include "weft/security/credentials/internal/token_cache.h"
#include "weft/security/credentials/internal/token_endpoint.h"
#include "weft/security/internal/keyed_hash.h"

namespace weft::security {
namespace {

using internal::Form;
using internal::KeyedHash;
using internal::TokenEndpoint;
using WallTime = std::chrono::system_clock::time_point;

constexpr Duration kLongestRemember = std::chrono::hours(1);
constexpr Duration kEarly = std::chrono::seconds(30);
constexpr std::string_view kField = "authorization";
constexpr std::string_view kBearer = "bearer ";

Result<std::string_view> authorization_of(const ServerContext& caller) {
  const std::vector<std::string_view> shown = caller.metadata().get_all(kField);
  if (shown.size() == 1) return shown[0];
  return unauthenticated(shown.empty() ? "the caller has shown no authorization"
                                       : "the caller has shown several fields \"authorization\"");
}

/// A token that was given for a caller's.
struct Exchanged {
  CredentialRef value;
  WallTime until;
};

using Tokens = Cache<std::string, Exchanged, KeyedHash>;

class Exchange final : public CallerExchange {
 public:
  explicit Exchange(CallerExchangeOptions options)
      : state_(std::make_shared<State>(std::move(options))),
        tokens_({.max_weight = state_->options.remembered,
                 .ttl = state_->options.remember,
                 // A refusal may be mended at once.
                 .absent_ttl = Duration::zero(),
                 .refresh_ahead = 0,
                 .max_loads = state_->options.max_asking},
                [state = state_](const std::string& token) { return state->ask(token); }) {}

  Task<Result<CredentialRef>> credential(const ServerContext& caller) override {
    const Result<std::string_view> shown = authorization_of(caller);
    if (!shown.ok()) return Result<CredentialRef>(shown.status());
    if (shown->size() <= kBearer.size() ||
        !ascii::equal_without_case(shown->substr(0, kBearer.size()), kBearer)) {
      return Result<CredentialRef>(unauthenticated("the caller has shown no Bearer token"));
    }
    return look_up(std::string(shown->substr(kBearer.size())));
  }

 private:
  /// Exchanges of the cache go on where this object is gone.
  struct State {
    explicit State(CallerExchangeOptions with)
        : options(std::move(with)), endpoint(options.client) {}

    WallTime now() const { return options.now ? options.now() : std::chrono::system_clock::now(); }

    Task<Result<Exchanged>> ask(std::string token) {
      Form form;
      form.add("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
          .add("subject_token", token)
          .add("subject_token_type", options.subject_token_type)
          .add("requested_token_type", options.requested_token_type);
      const WallTime begun = now();
      Result<AccessToken> given = co_await endpoint.ask(std::move(form));
      if (!given.ok()) co_return std::move(given).status();
      Status fits = internal::check_token(given->text);
      if (!fits.ok()) co_return fits;
      co_return exchanged(*given, begun);
    }

    Exchanged exchanged(const AccessToken& token, WallTime begun) const {
      const Duration life = std::min(token.lifetime, kLongestRemember + kEarly);
      WallTime until =
          begun + std::chrono::duration_cast<WallTime::duration>(life - std::min(kEarly, life / 4));
      if (token.expires) until = std::min(until, *token.expires - kEarly);
      return {std::make_shared<const std::string>("Bearer " + token.text), until};
    }

    const CallerExchangeOptions options;
    TokenEndpoint endpoint;
  };

  Task<Result<CredentialRef>> look_up(std::string token) {
    for (int i = 0; i < 2; ++i) {
      const Result<Tokens::Pointer> found = co_await tokens_.get(token);
      if (!found.ok()) co_return found.status();
      if (state_->now() < (*found)->until) co_return (*found)->value;
      tokens_.erase(token);
    }
    co_return unavailable("the authorization server gives tokens that have ended");
  }

  const std::shared_ptr<State> state_;
  Tokens tokens_;
};

}  // namespace

Status forward_authorization(const ServerContext& caller, Metadata& to) {
  const Result<std::string_view> shown = authorization_of(caller);
  if (!shown.ok()) return shown.status();
  if (to.get(kField)) {
    return failed_precondition("the metadata has a field \"authorization\" already");
  }
  to.add(kField, *shown);
  return {};
}

Status CallerExchangeOptions::valid() const {
  Status checked = client.valid();
  if (!checked.ok()) return checked.with_prefix("CallerExchangeOptions::client");
  if (subject_token_type.empty()) {
    return invalid_argument("CallerExchangeOptions::subject_token_type is empty");
  }
  if (remember <= Duration::zero() || remember > kLongestRemember) {
    return invalid_argument("CallerExchangeOptions::remember is " + to_string(remember) +
                            "; more than 0s and at most 1h are allowed");
  }
  if (remembered == 0 || max_asking == 0) {
    return invalid_argument("CallerExchangeOptions: remembered and max_asking are at least 1");
  }
  return {};
}

Result<std::shared_ptr<CallerExchange>> CallerExchange::make(CallerExchangeOptions options) {
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  return std::shared_ptr<CallerExchange>(std::make_shared<Exchange>(std::move(options)));
}

}  // namespace weft::security
