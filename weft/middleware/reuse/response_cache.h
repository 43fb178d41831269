#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

struct ResponseCacheOptions {
  /// Bytes of memory that the cache may take: answers, their metadata, and the requests they belong
  /// to. Beyond it what was not asked for longest goes.
  std::size_t max_bytes = std::size_t{64} << 20;
  /// Larger answers are not kept, nor answers that would take more than a sixteenth of the cache.
  std::size_t max_entry_bytes = std::size_t{1} << 20;
  /// How long an answer is kept at most. More than 0.
  Duration ttl = std::chrono::seconds(10);
  /// Metadata of the request that an answer depends on, in addition to method and request.
  std::vector<std::string> vary{"authorization"};
  /// An answer may be given to any caller: for data that is the same for all. By default, only the
  /// same principal with the same `authorization` gets it, also where `vary` does not name that.
  bool across_principals = false;
  /// Unary methods ("/pkg.Service/Method") to which this applies, in addition to those marked
  /// NO_SIDE_EFFECTS.
  std::vector<std::string> methods{};
  /// Told "cache": "hit" (value: nanoseconds of age), "miss", "stored" (value: bytes), "evicted",
  /// "not_shared": the caller became known only behind the cache, so the answer is not kept.
  PolicyObserver* observer = nullptr;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const ResponseCacheOptions& options);

/// Answers calls from memory that were answered before, on a client or a server. For unary methods
/// marked `option idempotency_level = NO_SIDE_EFFECTS`; only answers with OK are kept, with their
/// metadata and trailers. An answer from the cache has `age` in its metadata, in seconds.
///
/// Metadata `cache-control` steers it, with these of the directives of RFC 9111:
///
///     request   no-cache        ask the server, and keep what it says
///               no-store        ask the server, and keep nothing
///               max-age=N       an answer that is N seconds old or younger will do
///     response  no-store, no-cache, private   not to be kept
///               max-age=N       to be kept for N seconds at most
///
/// The cache is the process's, so that its bound is one and every loop finds what another has
/// learnt: sixteen parts, each with a lock that is held for a look-up; what is found is shared and
/// not copied.
///
/// An answer for one caller is not given to another: it belongs to Call::principal() with its roles
/// and claims, to the metadata `authorization` and, on a server, to the client's certificate. Add
/// the cache after the middlewares that authenticate and authorise. Before them, it keeps nothing
/// of calls whose principal they set, and answers other calls that they might refuse. Other
/// metadata that says who calls (a cookie, an API key) belongs in `vary` where no middleware makes
/// a principal of it.
Middleware response_cache(ResponseCacheOptions options = {});

}  // namespace weft
