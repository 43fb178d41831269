#include "weft/net/tls/internal/tls_settings.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop/wait.h"
#include "weft/net/tls/internal/openssl_section.h"

namespace weft::net::internal {
namespace {

// RFC 9113 section 9.2.2 forbids what is not ephemeral and AEAD with TLS 1.2.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// OpenSSL's own order begins with AES-256, which protects nothing better here and is slower.
constexpr const char* kCiphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr auto kWarnBefore = std::chrono::days(7);

Status set_ciphers(SSL_CTX* context, const TlsSettings& settings) {
  ERR_clear_error();
  const char* ciphers = settings.ciphers.empty() ? kCiphers : settings.ciphers.c_str();
  if (SSL_CTX_set_cipher_list(context, ciphers) != 1) {
    return invalid_argument("ciphers \"" + settings.ciphers + "\": " + take_openssl_errors());
  }
  const char* suites =
      settings.ciphersuites.empty() ? kCiphersuites : settings.ciphersuites.c_str();
  if (SSL_CTX_set_ciphersuites(context, suites) != 1) {
    return invalid_argument("ciphersuites \"" + settings.ciphersuites +
                            "\": " + take_openssl_errors());
  }
  return ok_status();
}

/// Completes when the stream has something for the handshake.
class HandshakeWait final : public Wait, public StreamHandler {
 public:
  HandshakeWait(Loop& loop, TlsStream& stream) : Wait(loop), stream_(stream) {
    stream_.set_handler(this);
    stream_.want_handshake();
  }
  ~HandshakeWait() { stream_.set_handler(nullptr); }
  void on_readable() noexcept override { complete(); }
  void on_writable() noexcept override {}

 private:
  TlsStream& stream_;
};

Status interrupted(const TlsStream& stream, const Status& reason) {
  const std::string during = " during the TLS handshake, while " +
                             std::string(awaited_text(stream.ssl())) + " was awaited";
  if (reason.code() == StatusCode::DeadlineExceeded) {
    return tls_status(stream.notes(), "timed out" + during);
  }
  return Status(reason.code(), stream.notes().peer + ": " + std::string(reason.message()) + during,
                reason.origin());
}

}  // namespace

SystemClock system_clock() {
  return [] { return std::chrono::system_clock::now(); };
}

std::string version_name(TlsVersion version) {
  return version == TlsVersion::Tls13 ? "TLSv1.3" : "TLSv1.2";
}

Result<Owned<SSL_CTX>> make_ssl_context(const SSL_METHOD* method, const TlsSettings& settings) {
  ERR_clear_error();
  Owned<SSL_CTX> context(SSL_CTX_new(method));
  if (context == nullptr) return internal_error("TLS: " + take_openssl_errors());
  // Made before any connection, so that no fork() catches a thread that makes it.
  static_cast<void>(TlsPipe::method());
  const bool only_13 = settings.min_version == TlsVersion::Tls13;
  SSL_CTX_set_min_proto_version(context.get(), only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection holds no record buffers. Without read-ahead everything that is received but
  // not yet decrypted is in the pipe, where it can be seen.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  const Status ciphers = set_ciphers(context.get(), settings);
  if (!ciphers.ok()) return ciphers;
  return context;
}

Status trust(SSL_CTX* context, const std::vector<Owned<X509>>& cas) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Owned<X509>& ca : cas) {
    if (X509_STORE_add_cert(store, ca.get()) != 1) {
      return internal_error("TLS: " + take_openssl_errors());
    }
  }
  // What the user lists is trusted, be it an intermediate CA or the server's own certificate.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return ok_status();
}

void set_verification_time(SSL_CTX* context, SystemTime now) {
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context),
                             std::chrono::system_clock::to_time_t(now));
}

Owned<SSL> make_ssl(SSL_CTX* context, TlsPipe& pipe) {
  const OpenSslSection section;
  Owned<SSL> ssl(SSL_new(context));
  BIO* bio = ssl == nullptr ? nullptr : pipe.make_bio();
  if (bio == nullptr) return nullptr;
  SSL_set_bio(ssl.get(), bio, bio);
  return ssl;
}

void warn_of_expiry(const KeyPair& pair, SystemTime now) {
  const std::string what = "tls: " + pair.source + ": the certificate " + pair.info.subject;
  if (pair.info.not_after <= now) {
    log(LogLevel::Warn, what + " expired on " + date_text(pair.info.not_after));
  } else if (pair.info.not_after - now < kWarnBefore) {
    log(LogLevel::Warn, what + " expires soon, on " + date_text(pair.info.not_after));
  }
}

SystemTime expiry_of_chain(const SSL* ssl, SystemTime fallback) {
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (chain == nullptr || sk_X509_num(chain) == 0) return fallback;
  SystemTime first = SystemTime::max();
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    first = std::min(first, time_of(X509_get0_notAfter(sk_X509_value(chain, i))));
  }
  return first;
}

Status append_alpn(std::string_view name, std::string_view option, std::string& list) {
  // RFC 7301 section 3.1.
  constexpr std::size_t kLongest = 255;
  if (name.empty() || name.size() > kLongest) {
    return invalid_argument(std::string(option) + ": a protocol's name has " +
                            std::to_string(name.size()) + " bytes, not 1 to 255");
  }
  list.append(1, static_cast<char>(name.size())).append(name);
  return {};
}

std::shared_ptr<const TlsInfo> info_of(const TlsStream& stream) {
  const OpenSslSection section;
  const SSL* ssl = stream.ssl();
  const TlsNotes& notes = stream.notes();
  auto info = std::make_shared<TlsInfo>();
  info->version = SSL_get_version(ssl);
  info->cipher = SSL_get_cipher_name(ssl);
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  info->alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    info->server_name = escaped({name, std::strlen(name)});
  }
  info->resumed = SSL_session_reused(ssl) == 1;
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf != nullptr) info->chain.push_back(describe(*leaf));
  // A client's chain begins with the server's own certificate, a server's with the one above it.
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  const int begin = notes.role == TlsRole::Client ? 1 : 0;
  for (int i = begin; leaf != nullptr && chain != nullptr && i < sk_X509_num(chain); ++i) {
    info->chain.push_back(describe(*sk_X509_value(chain, i)));
  }
  if (notes.verify_error != X509_V_OK) {
    info->verification = tls_status(notes, verification_text(notes));
  }
  return info;
}

Task<Status> run_handshake(Loop& loop, TlsStream& stream) {
  while (true) {
    IoResult step = stream.handshake();
    if (step.kind == IoResult::Kind::Done) co_return ok_status();
    if (step.kind == IoResult::Kind::Failed) {
      stream.abandon();
      co_return step.error;
    }
    HandshakeWait wait(loop, stream);
    const Status status = co_await wait;
    if (!status.ok()) co_return interrupted(stream, status);
  }
}

}  // namespace weft::net::internal
