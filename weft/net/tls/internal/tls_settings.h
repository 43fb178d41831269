#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/net/tls/internal/openssl.h"
#include "weft/net/tls/internal/tls_certificate.h"
#include "weft/net/tls/internal/tls_notes.h"
#include "weft/net/tls/internal/tls_stream.h"
#include "weft/net/tls/internal/watched_files.h"
#include "weft/net/tls/tls.h"

namespace weft::net::internal {

/// The calendar's time; another than the system's in tests.
using SystemClock = std::function<SystemTime()>;
SystemClock system_clock();

/// What both sides have in common of their options.
struct TlsSettings {
  TlsVersion min_version;
  const std::string& ciphers;
  const std::string& ciphersuites;
};

/// HTTP/2's name in ALPN (RFC 9113 section 3.2).
inline constexpr std::string_view kHttp2Alpn = "h2";
inline constexpr std::string_view kHttp1Alpn = "http/1.1";
/// Puts a protocol's name behind others, as OpenSSL wants them; not OK for one that ALPN cannot
/// name. `option` is where it comes from.
Status append_alpn(std::string_view name, std::string_view option, std::string& list);

/// An SSL_CTX with everything that is the same everywhere, or INVALID_ARGUMENT naming the cipher
/// text.
Result<Owned<SSL_CTX>> make_ssl_context(const SSL_METHOD* method, const TlsSettings& settings);

/// Trusts these; a CA need not be a root.
Status trust(SSL_CTX* context, const std::vector<Owned<X509>>& cas);

/// Verifies as of this time instead of the system's.
void set_verification_time(SSL_CTX* context, SystemTime now);

/// An SSL on `pipe`; null when OpenSSL has no memory.
Owned<SSL> make_ssl(SSL_CTX* context, TlsPipe& pipe);

std::string version_name(TlsVersion version);

/// Logs a certificate that is expired or will be within a week.
void warn_of_expiry(const KeyPair& pair, SystemTime now);

/// When the first certificate of the verified chain expires; `fallback` where nothing was verified
/// in this handshake.
SystemTime expiry_of_chain(const SSL* ssl, SystemTime fallback);

/// What the handshake agreed on.
std::shared_ptr<const TlsInfo> info_of(const TlsStream& stream);

/// When the files of a context are to be looked at again.
class ReloadTimes {
 public:
  explicit ReloadTimes(Duration interval) noexcept : interval_(interval) {}
  /// True once in every interval.
  bool due(TimePoint now) noexcept {
    if (now < next_) return false;
    const bool first = next_ == TimePoint::min();
    next_ = after(now, interval_);
    return !first;
  }

 private:
  Duration interval_;
  TimePoint next_ = TimePoint::min();
};

/// Runs the handshake of `stream` to its end, the awaiting context's deadline or its cancellation.
Task<Status> run_handshake(Loop& loop, TlsStream& stream);

}  // namespace weft::net::internal
