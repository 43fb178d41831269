#include "weft/security/credentials/credential_source.h"

#include <utility>

#include "weft/security/credentials/internal/cached_source.h"
#include "weft/security/credentials/internal/token_file.h"

namespace weft::security {
namespace {

class Fixed final : public CredentialSource {
 public:
  explicit Fixed(std::string value)
      : value_(std::make_shared<const std::string>(std::move(value))) {}
  Task<Result<CredentialRef>> credential(const Call&) override {
    return Result<CredentialRef>(value_);
  }

 private:
  const CredentialRef value_;
};

}  // namespace

CredentialSourceRef fixed_credential(std::string value) {
  return std::make_shared<Fixed>(std::move(value));
}

CredentialSourceRef bearer_token(TokenFetch fetch) {
  return internal::cached_source({.name = "the function of bearer_token()"}, std::move(fetch));
}

CredentialSourceRef bearer_token_from_file(std::string path) {
  internal::TokenCacheOptions options{.name = path, .most_of_lifetime = 1};
  return internal::cached_source(std::move(options), internal::token_file_reader(std::move(path)));
}

}  // namespace weft::security
