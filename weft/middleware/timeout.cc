#include "weft/middleware/timeout.h"

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

Middleware timeout(Duration limit) { return Timeout{limit}; }

}  // namespace weft
