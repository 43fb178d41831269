#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace weft::net::internal {

/// Owners of OpenSSL's objects.
struct OpenSslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
  // The certificates in it belong to others.
  void operator()(STACK_OF(X509) * certificates) const noexcept { sk_X509_free(certificates); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

template <class T>
using Owned = std::unique_ptr<T, OpenSslFree>;

using SystemTime = std::chrono::system_clock::time_point;

/// Empties the thread's error queue, which SSL_get_error() looks at. ERR_clear_error() visits all
/// of its places even when there is nothing.
inline void clear_openssl_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

/// What the thread's error queue says, oldest first, in words; empties the queue.
std::string take_openssl_errors();

/// A certificate's time; the epoch where it cannot be read.
SystemTime time_of(const ASN1_TIME* time);

/// "2026-11-21 04:00:00 UTC".
std::string date_text(SystemTime time);

}  // namespace weft::net::internal
