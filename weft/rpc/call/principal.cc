#include "weft/rpc/call/principal.h"

#include <algorithm>

#include "weft/base/text/ascii.h"
#include "weft/net/tls/tls_info.h"

namespace weft {
namespace {

/// Begins with a scheme (RFC 3986 section 3.1).
bool is_uri(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return ascii::is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
  });
}

/// Letters, digits, hyphens and dots; also '_' and the '*' of wildcards, which certificates have.
bool is_host_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return ascii::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '*';
  });
}

std::string subject_of(const net::CertificateInfo& certificate) {
  if (certificate.uris.size() == 1 && is_uri(certificate.uris.front())) {
    return certificate.uris.front();
  }
  const auto name = std::find_if(certificate.dns.begin(), certificate.dns.end(), is_host_name);
  if (name != certificate.dns.end()) return *name;
  if (!certificate.subject.empty()) return certificate.subject;
  return "fingerprint=" + certificate.fingerprint;
}

std::string issuer_of(const net::CertificateInfo& certificate) {
  constexpr std::string_view kScheme = "spiffe://";
  const std::string_view id = certificate.spiffe_id();
  if (id.empty()) return certificate.issuer;
  return std::string(id.substr(0, id.find('/', kScheme.size())));
}

}  // namespace

bool Principal::has_role(std::string_view name) const noexcept {
  return std::find(roles.begin(), roles.end(), name) != roles.end();
}

std::optional<std::string_view> Principal::claim(std::string_view name) const noexcept {
  const auto found = std::find_if(claims.begin(), claims.end(),
                                  [name](const auto& claim) { return claim.first == name; });
  if (found == claims.end()) return std::nullopt;
  return found->second;
}

bool Principal::has_claim(std::string_view name, std::string_view value) const noexcept {
  return std::any_of(claims.begin(), claims.end(), [name, value](const auto& claim) {
    return claim.first == name && claim.second == value;
  });
}

Principal principal_of(const net::CertificateInfo& certificate) {
  return {.subject = subject_of(certificate), .issuer = issuer_of(certificate), .scheme = "tls"};
}

}  // namespace weft
