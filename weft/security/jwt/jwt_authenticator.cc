#include "weft/security/jwt/jwt_authenticator.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/net/loop/loop_local.h"
#include "weft/security/jwt/internal/claims.h"
#include "weft/security/jwt/internal/key_fetching.h"
#include "weft/security/jwt/internal/key_store.h"
#include "weft/security/jwt/internal/keys_reader.h"
#include "weft/security/jwt/internal/token.h"
#include "weft/security/jwt/internal/token_memory.h"

namespace weft::security {
namespace {

using internal::Claimed;
using internal::KeyFetching;
using internal::KeyStore;
using internal::KnownToken;
using internal::Token;
using internal::TokenMemory;
using internal::WallTime;

class Tokens final : public JwtAuthenticator {
 public:
  Tokens(JwtOptions options, std::vector<std::shared_ptr<KeyStore>> stores,
         std::unique_ptr<KeyFetching> fetching)
      : options_(std::move(options)), stores_(std::move(stores)), fetching_(std::move(fetching)) {}

  Status health() const override {
    for (const std::shared_ptr<KeyStore>& store : stores_) {
      Status health = store->health();
      if (!health.ok()) return health;
    }
    return {};
  }

  /// A token that is remembered costs no coroutine.
  Task<Result<PrincipalRef>> authenticate(Call& call) override {
    const Result<std::string_view> token = credentials_of(call, "bearer");
    if (!token.ok()) return Result<PrincipalRef>(token.status());
    if (token->data() == nullptr) return Result<PrincipalRef>(nullptr);
    if (const PrincipalRef* known = remembered(call.loop(), *token)) {
      return Result<PrincipalRef>(*known);
    }
    if (token->size() > options_.max_token_size) {
      return Result<PrincipalRef>(unauthenticated("the token has " + std::to_string(token->size()) +
                                                  " bytes; the limit is " +
                                                  std::to_string(options_.max_token_size)));
    }
    return verify(call.loop(), std::string(*token));
  }

 private:
  WallTime now() const { return options_.now ? options_.now() : std::chrono::system_clock::now(); }
  TokenMemory& memory(net::Loop& loop) const { return memories_.of(loop, options_.remembered); }

  const PrincipalRef* remembered(net::Loop& loop, std::string_view token) const {
    TokenMemory& memory = this->memory(loop);
    const KnownToken* known = memory.find(token);
    if (known == nullptr) return nullptr;
    const WallTime time = now();
    if (time < known->until && time >= known->from &&
        stores_[known->issuer]->keys(loop) == known->keys) [[likely]]
      return &known->principal;
    memory.erase(token);
    return nullptr;
  }

  /// The fetch for an unknown key may take a while; the caller may be gone by then, so the text of
  /// the token is this coroutine's own.
  Task<Result<PrincipalRef>> verify(net::Loop& loop, std::string text) const {
    Result<Token> token = Token::parse(text);
    if (!token.ok()) co_return std::move(token).status();
    const Result<std::size_t> at = internal::issuer_of(*token, options_.issuers);
    if (!at.ok()) co_return at.status();
    const JwtIssuer& issuer = options_.issuers[*at];
    if (std::find(issuer.algorithms.begin(), issuer.algorithms.end(), token->algorithm) ==
        issuer.algorithms.end()) {
      co_return unauthenticated("the token is signed by " + std::string(name_of(token->algorithm)) +
                                ", which is not allowed for its issuer");
    }
    KeyStore& store = *stores_[*at];
    std::shared_ptr<const JwkSet> keys = store.keys(loop);
    JwkSet::Verdict verdict = verdict_of(keys, *token);
    if (verdict == JwkSet::Verdict::UnknownKey) {
      if (const std::shared_ptr<net::Latch> fetched = store.fetch_soon(loop.now())) {
        static_cast<void>(co_await fetched->wait(loop, options_.keys_timeout));
        keys = store.keys(loop);
        verdict = verdict_of(keys, *token);
      }
    }
    if (keys == nullptr) co_return no_keys(issuer);
    if (verdict == JwkSet::Verdict::UnknownKey) co_return unknown_key(*token);
    if (verdict == JwkSet::Verdict::Invalid) {
      co_return unauthenticated("the token has a signature that is wrong");
    }
    co_return take(loop, text, *token, *at, std::move(keys));
  }

  Result<PrincipalRef> take(net::Loop& loop, std::string_view text, Token& token, std::size_t at,
                            std::shared_ptr<const JwkSet> keys) const {
    Result<Claimed> claimed =
        internal::read_claims(token, options_.issuers[at], now(), options_.clock_skew);
    if (!claimed.ok()) return std::move(claimed).status();
    auto principal = std::make_shared<const Principal>(std::move(claimed->principal));
    memory(loop).put(text, {.issuer = at,
                            .keys = std::move(keys),
                            .from = claimed->from,
                            .until = claimed->until,
                            .principal = principal});
    return PrincipalRef(std::move(principal));
  }

  static JwkSet::Verdict verdict_of(const std::shared_ptr<const JwkSet>& keys, const Token& token) {
    return keys == nullptr
               ? JwkSet::Verdict::UnknownKey
               : keys->verify(token.algorithm, token.key_id, token.signed_text, token.signature);
  }
  /// Why is for the log and health(): it may name what is inside the network.
  static Status no_keys(const JwtIssuer& issuer) {
    return unavailable("the keys of the token's issuer " + issuer.issuer + issuer.trust_domain +
                       " are not there yet");
  }
  static Status unknown_key(const Token& token) {
    if (token.key_id.empty()) {
      return unauthenticated("the token's issuer has no key for " +
                             std::string(name_of(token.algorithm)));
    }
    return unauthenticated("the token is signed with the key \"" +
                           printable(cut_text(token.key_id)) +
                           "\", which its issuer does not have");
  }

  const JwtOptions options_;
  const std::vector<std::shared_ptr<KeyStore>> stores_;  // as options_.issuers
  net::LoopLocal<TokenMemory> memories_;
  const std::unique_ptr<KeyFetching> fetching_;  // null: there is nothing to fetch
};

JwkReading::Of keys_of(const JwtIssuer& issuer) noexcept {
  return issuer.trust_domain.empty() ? JwkReading::Of::Issuer : JwkReading::Of::SpiffeBundle;
}

/// The keys that stand in the options, or in a file, are read at once, so that what is wrong with
/// them is said at the start.
Status set_keys(KeyStore& store, const JwtIssuer& issuer, const std::string& at) {
  if (issuer.jwks.empty() && issuer.jwks_file.empty()) return {};
  const Result<std::string> text =
      issuer.jwks.empty() ? internal::read_keys_file(issuer.jwks_file) : issuer.jwks;
  Result<JwkSet> keys = text.ok() ? JwkSet::parse(*text, {.of = keys_of(issuer)}) : text.status();
  if (!keys.ok()) return invalid_argument(at + ": " + std::string(keys.status().message()));
  store.set(*std::move(keys));
  return {};
}

}  // namespace

Result<std::shared_ptr<JwtAuthenticator>> JwtAuthenticator::make(JwtOptions options) {
  Status valid = options.valid();
  if (!valid.ok()) return valid;
  const auto is_fetched = [](const JwtIssuer& issuer) { return issuer.jwks.empty(); };
  std::unique_ptr<KeyFetching> fetching;
  if (std::any_of(options.issuers.begin(), options.issuers.end(), is_fetched)) {
    fetching = std::make_unique<KeyFetching>(options.loop, options.http);
  }
  std::vector<std::shared_ptr<KeyStore>> stores;
  for (std::size_t i = 0; i < options.issuers.size(); ++i) {
    const JwtIssuer& issuer = options.issuers[i];
    auto store = std::make_shared<KeyStore>(
        issuer.issuer + issuer.trust_domain,
        internal::KeyStoreOptions{
            .refresh = options.refresh, .min_refetch = options.min_refetch, .of = keys_of(issuer)},
        is_fetched(issuer) ? &fetching->loop() : nullptr);
    valid = set_keys(*store, issuer,
                     "JwtOptions::issuers[" + std::to_string(i) + "]." +
                         (issuer.jwks.empty() ? "jwks_file" : "jwks"));
    if (!valid.ok()) return valid;
    stores.push_back(std::move(store));
  }
  for (std::size_t i = 0; i < stores.size(); ++i) {
    if (is_fetched(options.issuers[i])) fetching->begin(stores[i], options.issuers[i]);
  }
  return std::shared_ptr<JwtAuthenticator>(
      std::make_shared<Tokens>(std::move(options), std::move(stores), std::move(fetching)));
}

}  // namespace weft::security
