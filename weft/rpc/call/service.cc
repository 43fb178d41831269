#include "weft/rpc/call/service.h"

namespace weft {

void MiddlewareChain::add(Middleware middleware) { middlewares_.push_back(std::move(middleware)); }

}  // namespace weft
