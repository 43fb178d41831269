#pragma once

#include "weft/rpc/internal/client_call.h"
#include "weft/rpc/internal/subchannel.h"
#include "weft/rpc/service.h"

namespace weft::rpc {

/// Serves calls on whatever connection there is to an endpoint: the end of the chain of middlewares
/// that stand before it, and the way of health checks.
class AtEndpoint final : public Service {
 public:
  AtEndpoint(Subchannel& subchannel, const ConnectSettings& settings) noexcept
      : subchannel_(subchannel), settings_(settings) {}

  /// UNAVAILABLE where there is no connection with room.
  Task<Status> serve(Call& call) override;
  /// Whether the last call may be sent again, to any.
  Repeat may_repeat() const noexcept { return repeat_; }

 private:
  Subchannel& subchannel_;
  const ConnectSettings& settings_;
  Repeat repeat_ = Repeat::No;
};

}  // namespace weft::rpc
