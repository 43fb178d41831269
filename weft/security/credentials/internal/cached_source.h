#pragma once

#include <memory>
#include <utility>

#include "weft/security/credentials/credential_source.h"
#include "weft/security/credentials/internal/token_cache.h"

namespace weft::security::internal {

/// A source whose token is kept in a TokenCache.
inline CredentialSourceRef cached_source(TokenCacheOptions options, TokenFetch fetch) {
  class Cached final : public CredentialSource {
   public:
    explicit Cached(std::shared_ptr<TokenCache> cache) : cache_(std::move(cache)) {}
    Task<Result<CredentialRef>> credential(const Call& call) override {
      return cache_->get(call.loop());
    }

   private:
    const std::shared_ptr<TokenCache> cache_;
  };
  return std::make_shared<Cached>(
      std::make_shared<TokenCache>(std::move(options), std::move(fetch)));
}

}  // namespace weft::security::internal
