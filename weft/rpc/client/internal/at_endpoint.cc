#include "weft/rpc/client/internal/at_endpoint.h"

#include <utility>

#include "weft/rpc/client/internal/attempt_tracker.h"

namespace weft::rpc {

Task<Status> AtEndpoint::serve(Call& call) {
  Status valid = std::as_const(call).request_metadata().validate();
  if (!valid.ok()) co_return valid;
  ClientConnection* connection = subchannel_.connection();
  ++attempts_;
  if (connection == nullptr) {
    ++unsent_;
    co_return Status(StatusCode::Unavailable,
                     to_string(subchannel_.endpoint()) + ": no connection has room for the call",
                     Origin::Transport);
  }
  ClientAttempt attempt(*connection, call, settings_);
  attempt.finish(co_await attempt.responses());
  if (attempt.may_repeat() == Repeat::Unsent) ++unsent_;
  if (attempt.may_repeat() == Repeat::Refused) ++refused_;
  co_return attempt.status();
}

Repeat AtEndpoint::may_repeat() const noexcept {
  if (attempts_ == 0) return Repeat::No;
  if (unsent_ == attempts_) return Repeat::Unsent;
  return unsent_ + refused_ == attempts_ ? Repeat::Refused : Repeat::No;
}

}  // namespace weft::rpc
