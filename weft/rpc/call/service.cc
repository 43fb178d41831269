#include "weft/rpc/call/service.h"

#include "weft/base/fork_mutex.h"

namespace weft {

const std::shared_ptr<const Codec>& Service::codec() const noexcept {
  static constinit NeverDestroyed<std::shared_ptr<const Codec>> none;
  return none.object;
}

void MiddlewareChain::add(Middleware middleware) { middlewares_.push_back(std::move(middleware)); }

}  // namespace weft
