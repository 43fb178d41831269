#include "weft/security/jwt/jwk_set.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/middleware/config/json_node.h"
#include "weft/security/jwt/internal/public_key.h"

namespace weft::security {

using internal::PublicKey;
using middleware::JsonDocument;
using middleware::JsonNode;

struct JwkSet::Key {
  std::string id;
  std::optional<JwtAlgorithm> algorithm;  // the only one it is for
  PublicKey key;
};

namespace {

constexpr std::size_t kMostKeys = 100;
constexpr int kMostTried = 3;

/// Whether a key says itself that it is for something else than signatures of tokens.
bool is_for_others(JsonNode jwk, JwkReading::Of of) {
  const std::optional<std::string> use = jwk["use"].text();
  if (of == JwkReading::Of::SpiffeBundle) {
    if (use == "x509-svid") return true;
  } else if (use && *use != "sig" && *use != "jwt-svid") {
    return true;
  }
  const std::optional<std::vector<std::string>> operations = jwk["key_ops"].texts();
  return operations &&
         std::find(operations->begin(), operations->end(), "verify") == operations->end();
}

/// Why a key of a bundle does not count though it may have been meant to; empty: it counts.
std::string problem_in_bundle(JsonNode jwk) {
  const std::optional<std::string> use = jwk["use"].text();
  if (!use) return "has no \"use\", which is \"jwt-svid\" in keys for tokens";
  if (*use != "jwt-svid") {
    return "has the \"use\" \"" + printable(cut_text(*use)) + "\", and not \"jwt-svid\"";
  }
  return jwk["kid"].text().value_or("").empty() ? "has no id (\"kid\")" : "";
}

Status none_counts(std::size_t found, const std::vector<std::string>& passed_over) {
  return invalid_argument("none of its keys verifies tokens here (there are " +
                          std::to_string(found) + ")" +
                          (passed_over.empty() ? "" : ": " + passed_over.front()));
}

}  // namespace

/// Nothing where the key is for something else; UNIMPLEMENTED where it has to be passed over.
Result<std::optional<JwkSet::Key>> JwkSet::read(std::string_view json, const JwkReading& how) {
  // A document of its own: what is wrong with it is told from what is wrong with the others.
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status();
  const JsonNode jwk = document->root();
  const std::optional<std::string> algorithm = jwk["alg"].text();
  const std::optional<JwtAlgorithm> known =
      algorithm ? jwt_algorithm(*algorithm) : std::optional<JwtAlgorithm>();
  const bool other = is_for_others(jwk, how.of) || (algorithm && !known);
  const std::string problem =
      how.of == JwkReading::Of::SpiffeBundle ? problem_in_bundle(jwk) : std::string();
  Status problems = document->problems();
  if (!problems.ok()) return problems;
  if (other) return std::optional<Key>();
  if (!problem.empty()) return unimplemented(problem);
  if (jwk["d"].present()) {
    return invalid_argument("has \"d\", which makes it a private key; give public ones");
  }
  Result<PublicKey> key = PublicKey::read(jwk);
  if (key.status().code() == StatusCode::Unimplemented) return std::optional<Key>();
  if (!key.ok()) return std::move(key).status();
  if (known && !key->fits(*known)) return invalid_argument("is not a key for " + *algorithm);
  std::string id = jwk["kid"].text().value_or("");
  problems = document->problems();
  if (!problems.ok()) return problems;
  return std::optional<Key>(Key{std::move(id), known, *std::move(key)});
}

Result<JwkSet> JwkSet::parse(std::string_view json, const JwkReading& how) {
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status();
  const JsonNode list = document->root()["keys"];
  if (!list.present()) return invalid_argument("a JSON Web Key Set has a list \"keys\"");
  const std::vector<JsonNode> found = list.list();
  if (found.size() > kMostKeys) {
    return invalid_argument("a JSON Web Key Set of " + std::to_string(found.size()) +
                            " keys; at most " + std::to_string(kMostKeys) + " are read");
  }
  Status problems = document->problems();
  if (!problems.ok()) return problems;
  auto keys = std::make_shared<std::vector<Key>>();
  std::vector<std::string> passed_over;
  for (const JsonNode& jwk : found) {
    Result<std::optional<Key>> key = read(jwk.json(), how);
    if (key.ok()) {
      if (key->has_value()) keys->push_back(**std::move(key));
      continue;
    }
    std::string problem = jwk.path() + ": " + std::string(key.status().message());
    const bool is_wrong = key.status().code() != StatusCode::Unimplemented;
    if (is_wrong && how.passed_over == nullptr) return invalid_argument(problem);
    passed_over.push_back(std::move(problem));
  }
  if (how.passed_over != nullptr) *how.passed_over = passed_over;
  if (keys->empty() && !found.empty()) return none_counts(found.size(), passed_over);
  JwkSet set;
  set.keys_ = std::move(keys);
  return set;
}

std::size_t JwkSet::size() const noexcept { return keys_ == nullptr ? 0 : keys_->size(); }

JwkSet::Verdict JwkSet::verify(JwtAlgorithm algorithm, std::string_view id, std::string_view text,
                               std::string_view signature) const {
  int tried = 0;
  if (keys_ == nullptr) return Verdict::UnknownKey;
  for (const Key& key : *keys_) {
    if (!id.empty() && key.id != id) continue;
    if (!key.key.fits(algorithm) || (key.algorithm && *key.algorithm != algorithm)) continue;
    if (key.key.verify(algorithm, text, signature)) return Verdict::Valid;
    if (++tried == kMostTried) break;
  }
  return tried == 0 ? Verdict::UnknownKey : Verdict::Invalid;
}

}  // namespace weft::security
