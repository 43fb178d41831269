#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "weft/base/time.h"

namespace weft::edge {

/// Which pages of other origins may call (the Fetch standard, "CORS protocol"). A browser asks
/// before most calls: a preflight, which is answered here, before middlewares, so that it needs no
/// token. Pages of the server's own origin, and clients that are no browsers, are not concerned.
struct CorsPolicy {
  /// "https://app.example", "http://localhost:5173": scheme, host, and the port where it is not the
  /// scheme's. "*": every origin. None: no page of another origin may call.
  std::vector<std::string> origins{};
  /// Request fields that pages may send beside those of the protocols: "authorization", "x-user".
  std::vector<std::string> headers{};
  /// Whether cookies and HTTP authentication come along. protocols() ends the program where it is
  /// with "*": every page would act for whoever looks at it.
  bool credentials = false;
  /// How long a browser may remember the answer to a preflight.
  Duration max_age = std::chrono::hours(2);
};

}  // namespace weft::edge
