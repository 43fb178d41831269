#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"

namespace weft::cli {

struct ConnectionFlags;

/// `text` as one word of a POSIX shell.
std::string shell_word(std::string_view text);

/// A request of HTTP, for curl.
struct CurlRequest {
  std::string method;               ///< empty: GET, or POST with content
  std::string target;               ///< path and query, percent-encoded
  std::vector<std::string> fields;  ///< "name: value"
  /// Each goes behind the one before it.
  std::vector<std::string> content;
  bool has_content = false;
  /// Whether the length of each piece and flags, the five bytes of gRPC and Connect, go before it.
  bool enveloped = false;
  /// Whether the response is shown as it comes.
  bool streams = false;
  /// Whether it needs HTTP/2.
  bool http2 = false;
};

/// A command for a POSIX shell that sends `request` to the server of `flags`, with their metadata,
/// deadline and TLS. INVALID_ARGUMENT naming a flag that curl has no like of, and content that no
/// command can hold.
Result<std::string> curl_text(const ConnectionFlags& flags, const CurlRequest& request);

}  // namespace weft::cli
