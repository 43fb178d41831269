#include "weft/security/internal/rule.h"

#include <algorithm>
#include <optional>

#include "weft/net/tls/tls_info.h"

namespace weft::security {
namespace {

bool any_of(const std::vector<Pattern>& patterns, const std::vector<std::string>& values) noexcept {
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& value) { return any_matches(patterns, value); });
}

/// The names of a certificate in gRPC's order: URIs, then DNS names, then the subject.
bool certificate_matches(const std::vector<Pattern>& patterns,
                         const net::CertificateInfo& certificate) noexcept {
  return any_of(patterns, certificate.uris) || any_of(patterns, certificate.dns) ||
         any_matches(patterns, certificate.subject);
}

/// "issuer/subject", or "scheme/subject" where nobody vouches for it.
std::string name_of(const Principal& principal) {
  std::string name(principal.issuer.empty() ? principal.scheme : principal.issuer);
  return name.append("/").append(principal.subject);
}

bool caller_matches(const std::vector<Pattern>& patterns, const AuthorizationRequest& request) {
  if (request.principal != nullptr && request.principal->scheme != "tls") {
    return !request.principal->subject.empty() &&
           any_matches(patterns, name_of(*request.principal));
  }
  if (request.certificate != nullptr) return certificate_matches(patterns, *request.certificate);
  return request.encrypted && any_matches(patterns, std::string_view());
}

/// Of a key that there is.
std::string joined(const Metadata& metadata, std::string_view key) {
  std::string all;
  for (const std::string_view value : metadata.get_all(key)) all.append(value).append(",");
  all.pop_back();
  return all;
}

bool header_matches(const HeaderCondition& condition, Effect effect, const Metadata& metadata) {
  std::size_t count = 0;
  std::string_view last;
  for (const auto& [name, value] : metadata) {
    if (name != condition.key) continue;
    if (effect == Effect::Deny && any_matches(condition.values, value)) return true;
    last = value;
    ++count;
  }
  if (count <= 1) return count == 1 && any_matches(condition.values, last);
  return any_matches(condition.values, joined(metadata, condition.key));
}

/// The first condition on metadata that does not hold; null if all do.
const HeaderCondition* unmet_header(const Rule& rule, Effect effect, const Metadata& metadata) {
  const auto unmet = std::find_if(
      rule.headers.begin(), rule.headers.end(),
      [&](const HeaderCondition& header) { return !header_matches(header, effect, metadata); });
  return unmet == rule.headers.end() ? nullptr : &*unmet;
}

bool path_matches(const Rule& rule, std::string_view path) noexcept {
  return rule.paths.empty() || any_matches(rule.paths, path);
}

bool principal_matches(const Rule& rule, const AuthorizationRequest& request) {
  return rule.principals.empty() || caller_matches(rule.principals, request);
}

}  // namespace

bool matches(const Rule& rule, Effect effect, const AuthorizationRequest& request) {
  return path_matches(rule, request.path) && principal_matches(rule, request) &&
         unmet_header(rule, effect, request.metadata) == nullptr;
}

std::string unmet_condition(const Rule& rule, Effect effect, const AuthorizationRequest& request) {
  if (!path_matches(rule, request.path)) return "paths";
  if (!principal_matches(rule, request)) return "principals";
  const HeaderCondition* const header = unmet_header(rule, effect, request.metadata);
  return header == nullptr ? std::string() : "headers: " + header->key;
}

}  // namespace weft::security
