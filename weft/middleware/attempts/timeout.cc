#include "weft/middleware/attempts/timeout.h"

#include "weft/middleware/internal/unusable.h"

namespace weft {
namespace {

struct Timeout {
  Duration limit;
  Task<Status> operator()(Call& call, Next next) const {
    call.limit_timeout(limit);
    return next(call);
  }
};

}  // namespace

Middleware timeout(Duration limit) {
  if (limit > Duration::zero()) return Timeout{limit};
  return middleware::unusable(
      middleware::impossible("timeout()", to_string(limit), "must be more than 0"));
}

}  // namespace weft
