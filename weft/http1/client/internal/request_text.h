#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/http1/client/client_options.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/url.h"

namespace weft::http1 {

/// What the client adds to a request's head.
struct HeadExtras {
  std::string_view user_agent{};
  /// Value of accept-encoding; empty: none is sent.
  std::string_view accept_encoding{};
  /// For a proxy that forwards the request: its target is the whole URL (RFC 9112 section 3.2.2).
  bool to_proxy = false;
  std::string_view proxy_authorization{};
};

/// Whether the request may be sent: INVALID_ARGUMENT names the method or the field that is
/// impossible.
Status check_request(const Request& request);

/// The head of a request that was checked, with its empty line. The target is that of `url`.
std::string head_text(const Request& request, const Url& url, const HeadExtras& extras);

/// A request that has the same effect when it is sent twice (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method) noexcept;

/// "gzip, zstd": what accept-encoding offers.
std::string accept_encoding_of(const CompressionSet& accepted);

}  // namespace weft::http1
