#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http1/client/fields.h"
#include "weft/http1/client/url.h"

namespace weft::http1 {

/// The head of a final response (RFC 9110 section 15).
struct ResponseInfo {
  int status = 0;        ///< 200 to 999
  std::string reason{};  ///< as the server wrote it, perhaps empty
  Fields fields{};
  Url url;                 ///< that answered: after redirects another than was asked for
  unsigned redirects = 0;  ///< how many were followed

  /// The server did what it was asked: 200 to 299.
  bool ok() const noexcept { return status >= 200 && status <= 299; }
};

/// A whole response. Any status is a response, 404 and 503 too: a Status in its place says that
/// there is none. status_of() makes one of the other.
struct Response : ResponseInfo {
  /// Decoded where the server compressed it for this client, and content-encoding is gone then.
  Bytes body{};
  Fields trailers{};

  std::string_view text() const noexcept { return body.view(); }
};

/// OK for 200 to 299, else the code that fits best (docs/guide/http-client.md has the table), with
/// origin Peer and the beginning of the body: "https://host/path answered 503 Service Unavailable:
/// try later".
Status status_of(const Response& response);

/// Retry-After as a time to wait from now (RFC 9110 section 10.2.3): seconds, or a date, for which
/// the server's Date counts as now where it sent one and the system's clock where not. Nothing
/// where it is missing or cannot be read; never negative.
std::optional<Duration> retry_after(const ResponseInfo& response);

/// What Cache-Control says to a private cache (RFC 9111 section 5.2.2). Directives that are not
/// here, and values that cannot be read, are ignored.
struct CacheControl {
  bool no_store = false;
  bool no_cache = false;
  bool must_revalidate = false;
  std::optional<Duration> max_age{};
  std::optional<Duration> stale_while_revalidate{};  ///< RFC 5861
  std::optional<Duration> stale_if_error{};          ///< RFC 5861
};
CacheControl cache_control(const ResponseInfo& response);

}  // namespace weft::http1
