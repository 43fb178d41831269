#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

namespace net {
struct CertificateInfo;
}

/// Who makes a call, as an authentication has established it. Read it with Call::principal() or
/// ServerContext::principal(). Made once, then not changed any more: the calls of a connection, or
/// those with one token, share it as a std::shared_ptr<const Principal>, on any thread.
///
/// Two principals are the same caller if `scheme`, `issuer` and `subject` are equal. `subject`
/// alone is unique only within one issuer.
struct Principal {
  /// The caller: a SPIFFE ID, a token's `sub`, an account, the name of an API key's owner.
  std::string subject{};
  /// Who vouches for it: a token's `iss`, a SPIFFE trust domain, the issuer of a certificate.
  std::string issuer{};
  /// How it was established: "tls" for a verified certificate. Middlewares use names of their own,
  /// for instance "jwt", "api-key", "basic".
  std::string scheme{};
  std::vector<std::string> roles{};
  /// What else is known, by name. A name with several values comes several times.
  std::vector<std::pair<std::string, std::string>> claims{};

  bool has_role(std::string_view name) const noexcept;
  /// The first value of this name.
  std::optional<std::string_view> claim(std::string_view name) const noexcept;
  /// One of the values of this name is `value`.
  bool has_claim(std::string_view name, std::string_view value) const noexcept;

  friend bool operator==(const Principal&, const Principal&) = default;
};

/// The principal of a *verified* certificate, with scheme "tls". Its subject is the first of these
/// that the certificate has, as in Envoy's and gRPC's RBAC (URI, then DNS name, then subject; gRFC
/// A43):
///
///   1. the URI of subjectAltName, if it is the only one (X509-SVID section 2 allows a SPIFFE ID no
///      other beside it);
///   2. the first DNS name of subjectAltName;
///   3. the subject as RFC 4514 writes it, "CN=billing,O=Example";
///   4. "fingerprint=" and the certificate's SHA-256.
///
/// A URI without a scheme, and a DNS name with other characters than those of host names, are
/// passed over, so that no kind of name can pose as another. The issuer is the trust domain of a
/// SPIFFE ID ("spiffe://example.org"), which stays the same when CAs are rotated, else the issuer
/// of the certificate.
Principal principal_of(const net::CertificateInfo& certificate);

}  // namespace weft
