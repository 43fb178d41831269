#include "weft/security/jwt/internal/claims.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"

namespace weft::security::internal {
namespace {

using middleware::JsonNode;
using Seconds = std::chrono::duration<double>;

constexpr std::string_view kSpiffe = "spiffe://";
constexpr double kMostSeconds = 1e15;
constexpr double kLastSecond = 9e9;  // in 2255: the system's clock goes no further than 2262

Status wrong(std::string_view what) { return unauthenticated("the token " + std::string(what)); }
std::string quoted(std::string_view text) {
  return std::string("\"").append(printable(cut_text(text))).append("\"");
}

std::string trust_domain_of(std::string_view subject) {
  if (!subject.starts_with(kSpiffe)) return {};
  subject.remove_prefix(kSpiffe.size());
  const std::size_t slash = subject.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(subject.substr(0, slash));
}

/// The claim at a path with dots; the whole name first, since names may have dots ("a.b" of some
/// issuers' own claims).
JsonNode claim_at(JsonNode claims, std::string_view path) {
  JsonNode whole = claims[path];
  if (whole.present()) return whole;
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return whole;
  const JsonNode outer = claims[path.substr(0, dot)];
  return outer.present() && outer.is_object() ? claim_at(outer, path.substr(dot + 1)) : whole;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space != 0) words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

std::vector<std::string> texts_of(JsonNode claim) {
  if (!claim.present()) return {};
  if (claim.is_text()) return words_of(claim.text().value_or(""));
  std::vector<std::string> texts;
  for (const JsonNode& each : claim.list()) {
    if (each.is_text()) texts.push_back(each.text().value_or(""));
  }
  return texts;
}

Principal principal_of(JsonNode claims, const JwtIssuer& issuer) {
  const bool svid = !issuer.trust_domain.empty();
  Principal principal{.subject = text_claim(claims, issuer.subject_claim),
                      .issuer = svid ? std::string(kSpiffe) + issuer.trust_domain : issuer.issuer,
                      .scheme = svid ? "jwt-svid" : "jwt",
                      .roles = texts_claim(claims, issuer.roles_claim)};
  add_claims(claims, issuer.claims, principal);
  return principal;
}

}  // namespace

std::string text_claim(JsonNode claims, std::string_view name) {
  const JsonNode claim = claims[name];
  return claim.is_text() ? claim.text().value_or("") : std::string();
}

std::vector<std::string> texts_claim(JsonNode claims, std::string_view path) {
  return texts_of(claim_at(claims, path));
}

bool has_audience(JsonNode claims, const std::vector<std::string>& ours) {
  const JsonNode audience = claims["aud"];
  const auto has = [&ours](const std::string& name) {
    return std::find(ours.begin(), ours.end(), name) != ours.end();
  };
  // Not by spaces: an audience is one text or a list of them.
  if (audience.is_text()) return has(audience.text().value_or(""));
  if (!audience.present()) return false;
  const std::vector<std::string> names = texts_of(audience);
  return std::any_of(names.begin(), names.end(), has);
}

void add_claims(JsonNode claims, const std::vector<std::string>& wanted, Principal& to) {
  for (const std::string& name : wanted) {
    const JsonNode claim = claim_at(claims, name);
    if (!claim.present()) continue;
    if (claim.is_text()) {
      to.claims.emplace_back(name, claim.text().value_or(""));
      continue;
    }
    const std::vector<std::string> texts = texts_of(claim);
    for (const std::string& text : texts) to.claims.emplace_back(name, text);
    if (texts.empty()) to.claims.emplace_back(name, claim.json());
  }
}

std::optional<WallTime> read_time(JsonNode claim) {
  if (claim.is_text()) return std::nullopt;
  const std::optional<double> seconds = claim.number(-1, kMostSeconds, "a time");
  if (!seconds) return std::nullopt;
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(Seconds(std::min(*seconds, kLastSecond))));
}

Result<std::size_t> issuer_of(Token& token, const std::vector<JwtIssuer>& issuers) {
  const JsonNode claims = token.claims.root();
  const std::string name = text_claim(claims, "iss");
  const std::string domain = trust_domain_of(text_claim(claims, "sub"));
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    const JwtIssuer& issuer = issuers[i];
    if (issuer.issuer.empty() ? domain == issuer.trust_domain : name == issuer.issuer) return i;
  }
  if (name.empty()) return wrong("has no \"iss\"");
  return wrong("is of the issuer " + quoted(name) + ", whose tokens are not taken");
}

Result<Claimed> read_claims(Token& token, const JwtIssuer& issuer, WallTime now, Duration skew) {
  const JsonNode claims = token.claims.root();
  if (!issuer.type.empty() && token.type != media_type(issuer.type)) {
    return wrong("is of the type " + quoted(token.type) + ", not " + quoted(issuer.type));
  }
  if (!has_audience(claims, issuer.audiences))
    return wrong("is not meant for this server (\"aud\")");
  const std::optional<WallTime> end = read_time(claims["exp"]);
  if (!end) return wrong("has no time in \"exp\"");
  const WallTime until = *end + std::chrono::duration_cast<WallTime::duration>(skew);
  if (now >= until) return wrong("has expired (\"exp\")");
  std::optional<WallTime> from;
  if (const JsonNode begin = claims["nbf"]; begin.present()) {
    from = read_time(begin);
    if (!from) return wrong("has no time in \"nbf\"");
    *from -= std::chrono::duration_cast<WallTime::duration>(skew);
    if (now < *from) {
      return wrong("is not valid yet (\"nbf\")");
    }
  }
  Principal principal = principal_of(claims, issuer);
  if (principal.subject.empty()) return wrong("has no text in " + quoted(issuer.subject_claim));
  return Claimed{std::move(principal), until, from.value_or(WallTime())};
}

}  // namespace weft::security::internal
