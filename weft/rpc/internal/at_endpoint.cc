#include "weft/rpc/internal/at_endpoint.h"

#include "weft/rpc/internal/placement.h"

namespace weft::rpc {

Task<Status> AtEndpoint::serve(Call& call) {
  ClientConnection* connection = subchannel_.connection();
  repeat_ = Repeat::Unsent;
  if (connection == nullptr) {
    co_return Status(StatusCode::Unavailable,
                     to_string(subchannel_.endpoint()) + ": no connection has room for the call",
                     Origin::Transport);
  }
  Exchange exchange(*connection, call, settings_);
  exchange.finish(co_await exchange.responses());
  repeat_ = exchange.may_repeat();
  co_return exchange.status();
}

}  // namespace weft::rpc
