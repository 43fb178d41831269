#pragma once

#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/response.h"
#include "weft/http1/client/url.h"

namespace weft::http1 {

/// The redirects of one request (RFC 9110 section 15.4).
///
/// 301 and 302 turn a POST into a GET, 303 all but HEAD; 307 and 308 send the same again, for which
/// a body has to begin again. Where the origin changes, authorization and cookie are left behind.
/// From https to http nothing is followed.
class Redirects {
 public:
  /// `most`: how many are followed; 0: none, and a redirect is a response like any other.
  explicit Redirects(unsigned most) noexcept : most_(most) {}

  /// Whether the answer to `request` at `url` leads on; both are then those to be sent next.
  /// FAILED_PRECONDITION: too many, one that was there before, a worse scheme, a body that cannot
  /// begin again; INVALID_ARGUMENT: a Location that is no URL.
  Result<bool> follow(const ResponseInfo& answer, Request& request, Url& url);
  unsigned count() const noexcept { return count_; }

 private:
  Status check(const Request& request, const Url& from, const Url& to);

  const unsigned most_;
  unsigned count_ = 0;
  std::vector<std::string> seen_;  // method and URL of what was sent before
};

}  // namespace weft::http1
