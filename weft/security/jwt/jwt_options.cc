#include "weft/security/jwt/jwt_options.h"

#include <algorithm>
#include <string_view>

#include "weft/security/jwt/internal/keys_reader.h"

namespace weft::security {
namespace {

constexpr Duration kMostSkew = std::chrono::minutes(1);

Status check_issuer(const JwtIssuer& issuer, const std::string& at) {
  if (issuer.issuer.empty() == issuer.trust_domain.empty()) {
    return invalid_argument(at + ": set either issuer or trust_domain");
  }
  if (issuer.audiences.empty()) {
    return invalid_argument(at + ".audiences is empty: name what tokens for this server say");
  }
  if (issuer.algorithms.empty()) return invalid_argument(at + ".algorithms is empty");
  const bool eddsa = std::find(issuer.algorithms.begin(), issuer.algorithms.end(),
                               JwtAlgorithm::EdDSA) != issuer.algorithms.end();
  if (!issuer.trust_domain.empty() && eddsa) {
    return invalid_argument(at + ".algorithms has EdDSA, which a JWT-SVID cannot have");
  }
  if (!issuer.trust_domain.empty() && issuer.subject_claim != "sub") {
    return invalid_argument(at + ".subject_claim is not \"sub\", which a JWT-SVID has its ID in");
  }
  const int sources =
      static_cast<int>(!issuer.jwks.empty()) + static_cast<int>(!issuer.jwks_file.empty()) +
      static_cast<int>(!issuer.jwks_url.empty()) + static_cast<int>(issuer.discover);
  if (sources != 1) {
    return invalid_argument(at + ": set one of jwks, jwks_file, jwks_url and discover, not " +
                            std::to_string(sources));
  }
  if (!issuer.jwks_url.empty())
    return internal::check_secret_url(issuer.jwks_url).with_prefix(at + ".jwks_url");
  if (!issuer.discover) return {};
  if (issuer.issuer.empty()) return invalid_argument(at + ".discover needs an issuer");
  return internal::check_secret_url(issuer.issuer).with_prefix(at + ".issuer");
}

}  // namespace

Status JwtOptions::valid() const {
  if (issuers.empty()) return invalid_argument("JwtOptions::issuers is empty");
  for (const JwtIssuer& one : issuers) {
    for (const JwtIssuer& other : issuers) {
      // Rules name callers "issuer/subject": a subject of one could be a name of the other.
      if (!one.issuer.empty() && other.issuer.starts_with(one.issuer + "/")) {
        return invalid_argument("JwtOptions::issuers has " + one.issuer + " and " + other.issuer +
                                ": a subject of the first could pass as one of the second");
      }
    }
  }
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    Status checked = check_issuer(issuers[i], "JwtOptions::issuers[" + std::to_string(i) + "]");
    if (!checked.ok()) return checked;
  }
  if (clock_skew < Duration::zero() || clock_skew > kMostSkew) {
    return invalid_argument("JwtOptions::clock_skew is " + to_string(clock_skew) +
                            "; 0s to 60s are allowed");
  }
  for (const Duration each : {refresh, min_refetch, keys_timeout}) {
    if (each <= Duration::zero()) {
      return invalid_argument(
          "JwtOptions::refresh, min_refetch and keys_timeout have to be longer than nothing");
    }
  }
  return http.valid();
}

}  // namespace weft::security
