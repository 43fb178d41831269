#pragma once

#include "weft/rpc/call/service.h"
#include "weft/rpc/client/internal/client_call.h"
#include "weft/rpc/client/internal/subchannel.h"

namespace weft::rpc {

/// Serves calls on whatever connection there is to an endpoint: the end of the chain of middlewares
/// that stand before it, and the way of health checks.
class AtEndpoint final : public Service {
 public:
  AtEndpoint(Subchannel& subchannel, const ConnectSettings& settings) noexcept
      : subchannel_(subchannel), settings_(settings) {}

  /// UNAVAILABLE where there is no connection with room.
  Task<Status> serve(Call& call) override;
  /// Whether the call may be sent again, to any: what holds for all attempts of it that were made
  /// here, also those that have not ended.
  Repeat may_repeat() const noexcept;

 private:
  Subchannel& subchannel_;
  const ConnectSettings& settings_;
  unsigned attempts_ = 0;
  unsigned unsent_ = 0;   // of them
  unsigned refused_ = 0;  // of them
};

}  // namespace weft::rpc
