#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft {

struct SingleFlightOptions {
  /// Metadata of the request that calls must have in common, in addition to method and request.
  /// What an answer depends on belongs here.
  std::vector<std::string> vary{"authorization"};
  /// Calls of any callers may share one: for answers that are the same for all. By default, only
  /// calls of the same principal with the same `authorization` do, also where `vary` does not name
  /// that.
  bool across_principals = false;
  /// Unary methods ("/pkg.Service/Method") to which this applies, in addition to those marked
  /// NO_SIDE_EFFECTS.
  std::vector<std::string> methods{};
  /// Calls with larger requests, in bytes, are made on their own.
  std::size_t max_request_size = std::size_t{64} * 1024;
  /// Told "single_flight": "joined", "took_over", "not_shared": the caller became known only behind
  /// this, so each call is made.
  PolicyObserver* observer = nullptr;
};

/// Makes one call of several equal ones at the same time: the first leads, the calls that come
/// while it is under way follow and get its answer or its error. For unary methods marked `option
/// idempotency_level = NO_SIDE_EFFECTS`.
///
/// Which callers share, and where to add it, is as with response_cache(): those with the same
/// principal, credentials and certificate, behind the middlewares that authenticate.
///
/// Each keeps its own deadline: a follower that is cancelled or expires just leaves. When the
/// leader is cancelled or its deadline passes, the first follower makes the call anew, and the
/// others follow that one.
///
/// Flights are of one loop: what waits can then be woken without locks, and at most one call is
/// under way for each loop, which is what keeps a crowd from a server.
Middleware single_flight(SingleFlightOptions options = {});

}  // namespace weft
