#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"

namespace weft::net {

/// What a certificate says. The maker of the certificate chose its text: it has been verified only
/// where TlsInfo says so.
struct CertificateInfo {
  std::string subject;  ///< RFC 4514: "CN=greeter,O=Example"
  std::string issuer;
  std::string serial;             ///< hexadecimal
  std::string fingerprint;        ///< SHA-256 of the whole certificate, hexadecimal
  std::vector<std::string> dns;   ///< subjectAltName, by kind
  std::vector<std::string> uris;  ///< SPIFFE ids are among these
  std::vector<std::string> ips;   ///< "192.0.2.1", "2001:db8::1"
  std::vector<std::string> email;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;

  /// The one URI of the scheme "spiffe", empty where there is none or more than one (X509-SVID
  /// section 2: exactly one).
  std::string_view spiffe_id() const noexcept;
};

/// What a TLS handshake agreed on.
struct TlsInfo {
  std::string version;      ///< "TLSv1.3"
  std::string cipher;       ///< "TLS_AES_128_GCM_SHA256"
  std::string alpn;         ///< "h2"
  std::string server_name;  ///< SNI; empty where there was none
  bool resumed = false;
  /// What the peer showed, its own certificate first; empty where it showed none.
  std::vector<CertificateInfo> chain;
  /// OK: the chain leads to a trusted CA and, on a client, has the server's name. Never an error
  /// but with TlsClientOptions::insecure, where it says what would have been refused.
  Status verification;

  /// The peer's own certificate if it was verified, else null.
  const CertificateInfo* identity() const noexcept {
    return chain.empty() || !verification.ok() ? nullptr : &chain.front();
  }
};

}  // namespace weft::net
