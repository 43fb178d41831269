#include "weft/rpc/client/internal/at_endpoint.h"

#include <utility>

#include "weft/rpc/client/internal/placement.h"

namespace weft::rpc {

Task<Status> AtEndpoint::serve(Call& call) {
  Status valid = std::as_const(call).request_metadata().validate();
  if (!valid.ok()) co_return valid;
  ClientConnection* connection = subchannel_.connection();
  ++tries_;
  if (connection == nullptr) {
    ++unsent_;
    co_return Status(StatusCode::Unavailable,
                     to_string(subchannel_.endpoint()) + ": no connection has room for the call",
                     Origin::Transport);
  }
  Exchange exchange(*connection, call, settings_);
  exchange.finish(co_await exchange.responses());
  if (exchange.may_repeat() == Repeat::Unsent) ++unsent_;
  if (exchange.may_repeat() == Repeat::Refused) ++refused_;
  co_return exchange.status();
}

Repeat AtEndpoint::may_repeat() const noexcept {
  if (tries_ == 0) return Repeat::No;
  if (unsent_ == tries_) return Repeat::Unsent;
  return unsent_ + refused_ == tries_ ? Repeat::Refused : Repeat::No;
}

}  // namespace weft::rpc
