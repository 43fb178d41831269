#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/tls_info.h"

namespace weft::net {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// Whether a server asks its clients for a certificate.
enum class ClientCertificate : std::uint8_t {
  Ignored,   ///< not asked for
  Optional,  ///< asked for; one that is sent has to be valid
  Required,  ///< no certificate, no connection: mutual TLS
};

/// A certificate chain, leaf first, and its private key: paths of PEM files, which are watched, or
/// the PEM text itself (it begins with "-----BEGIN"). `key` empty: the key is in `certificate`.
struct TlsCertificate {
  std::string certificate{};
  std::string key{};
};

/// How a server speaks TLS. ALPN is always "h2"; renegotiation, compression and early data are
/// off. TLS 1.2 is limited to forward-secret AEAD suites (RFC 9113 section 9.2.2).
struct TlsServerOptions {
  /// The first is shown to clients that ask for a name that no certificate has, or for none.
  std::vector<TlsCertificate> certificates{};
  /// CA certificates that clients' certificates must come from: a PEM file, or the text.
  std::string client_ca{};
  ClientCertificate client_certificate = ClientCertificate::Ignored;
  TlsVersion min_version = TlsVersion::Tls12;
  /// OpenSSL's notation; empty leaves the default. `ciphers` is for TLS 1.2, `ciphersuites`
  /// for 1.3.
  std::string ciphers{};
  std::string ciphersuites{};
  /// Takes plaintext HTTP/2 on the same port too; the first bytes tell which it is.
  bool allow_plaintext = false;
  /// How often files are looked at for a change, at a handshake; kForever: reload() only.
  Duration reload_interval = std::chrono::seconds(5);
  /// What clients may choose by ALPN (RFC 7301) beside "h2", in the order of preference. A Server
  /// adds the names of its WireProtocols.
  std::vector<std::string> alpn{};
  /// Clients that offer no ALPN, or without TLS where that is allowed, may speak something else
  /// than HTTP/2: what they do is seen from their first bytes. A Server with WireProtocols sets it.
  bool other_protocols = false;
};

/// How a client speaks TLS. The server's certificate is verified against `ca` and its name.
struct TlsClientOptions {
  /// CA certificates to trust: a PEM file, or the text; empty: the system's.
  std::string ca{};
  /// What the client shows of itself where the server asks: as TlsCertificate.
  std::string certificate{};
  std::string key{};
  /// Sent as SNI and looked for in the server's certificate; empty: the host of the target.
  std::string server_name{};
  /// Offered by ALPN (RFC 7301): the server chooses one, or none beside "http/1.1". Empty: "h2".
  std::vector<std::string> alpn{};
  /// Accepts any certificate of the server. To examine a broken server, never in production.
  bool insecure = false;
  TlsVersion min_version = TlsVersion::Tls12;
  std::string ciphers{};
  std::string ciphersuites{};
  Duration reload_interval = std::chrono::seconds(5);
};

/// A server's certificates, keys and rules, loaded and checked. Files that change are loaded again
/// while it serves: a handshake that begins later uses the new ones, connections there are stay;
/// what cannot be loaded is logged, and the old remains in use. Safe from any thread.
class TlsServerContext {
 public:
  /// INVALID_ARGUMENT naming the file and the cause: no such file, no PEM, a key that does not fit
  /// its certificate, an unknown cipher.
  static Result<std::shared_ptr<TlsServerContext>> create(TlsServerOptions options);
  virtual ~TlsServerContext() = default;

  /// Loads everything again now.
  virtual Status reload() = 0;

  /// The server's side of the handshake, on the current loop. The stream that results has tls()
  /// (null where it is plaintext, which options allow), or the Status says what failed and whose
  /// fault it is. Ends early with the awaiting Context. Takes no longer than the context's
  /// deadline.
  virtual Task<Result<std::unique_ptr<Stream>>> accept(std::unique_ptr<Stream> stream) = 0;
};

/// A client's trust, certificate and rules; and the sessions to resume, by server. As
/// TlsServerContext otherwise.
class TlsClientContext {
 public:
  static Result<std::shared_ptr<TlsClientContext>> create(TlsClientOptions options);
  virtual ~TlsClientContext() = default;

  virtual Status reload() = 0;

  /// The client's side of the handshake. `host` (a name or a literal address) is what the server
  /// has to prove to be, unless TlsClientOptions::server_name is set.
  virtual Task<Result<std::unique_ptr<Stream>>> connect(std::unique_ptr<Stream> stream,
                                                        std::string host) = 0;
};

}  // namespace weft::net
