#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/net/tls/internal/openssl.h"
#include "weft/net/tls/internal/tls_certificate.h"
#include "weft/net/tls/internal/tls_pipe.h"

namespace weft::net::internal {

enum class TlsRole : std::uint8_t { Client, Server };

/// What OpenSSL's callbacks see of one connection, for the error messages and the session cache.
/// Belongs to the connection; an SSL points to it.
struct TlsNotes {
  virtual ~TlsNotes() = default;
  static TlsNotes& of(const SSL* ssl) noexcept;
  void attach(SSL* ssl) noexcept;

  TlsRole role = TlsRole::Client;
  std::string peer;         ///< the peer's address, which errors begin with
  std::string server_name;  ///< what a client asks for
  std::string min_version;  ///< ours, for the messages
  // The first thing that was wrong with the peer's certificates, whether or not it was let through.
  int verify_error = X509_V_OK;
  int verify_depth = 0;
  CertificateInfo refused;
  CertificateInfo leaf;
  bool insecure = false;
  bool certificate_requested = false;  ///< a client was asked for a certificate
  bool certificate_shown = false;      ///< a client has one to show
  bool alpn_missing = false;           ///< the client offered no ALPN at all
  std::string alpn_offered;  ///< "http/1.1, spdy/3": a client's of its own, a server's without h2
  /// When the first certificate of the peer's verified chain expires.
  SystemTime chain_expiry = SystemTime::max();
};

/// The verify callback of both sides: notes what is wrong.
int note_verification(int ok, X509_STORE_CTX* store);

/// What a failed verification means, with the values: "the server's certificate (CN=x) expired on
/// ...".
std::string verification_text(const TlsNotes& notes);

/// What came instead of TLS.
std::string not_tls_text(TlsRole role, std::string_view first_bytes);

/// The alert in words, and who is to blame.
std::string alert_text(const TlsNotes& notes, int alert);

/// Why the handshake, or a read or write after it, failed; empties the error queue.
Status tls_failure(const SSL* ssl, const TlsPipe& pipe);

/// What the handshake was waiting for, in words: "the server's hello".
std::string_view awaited_text(const SSL* ssl) noexcept;

/// UNAVAILABLE of origin Transport, the peer's address first.
Status tls_status(const TlsNotes& notes, std::string_view text);

}  // namespace weft::net::internal
