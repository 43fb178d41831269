#pragma once

#include "weft/cluster/balancers/balancer.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/message_transfer.h"
#include "weft/rpc/client/internal/client_call.h"
#include "weft/rpc/client/internal/subchannel.h"

namespace weft::rpc {

class LoopChannel;

/// Counts an attempt on the endpoint that was picked while it lasts, and reports to the balancer
/// how it ended, also when the coroutine that waits for it is destroyed. Lives in that coroutine's
/// frame.
class AttemptTracker {
 public:
  AttemptTracker(LoopChannel& owner, Subchannel& where, Call& call);
  AttemptTracker(const AttemptTracker&) = delete;
  AttemptTracker& operator=(const AttemptTracker&) = delete;
  ~AttemptTracker();

  Subchannel& where() const noexcept { return where_; }
  void ended(const Status& status) noexcept;

 private:
  bool read_load(cluster::LoadReport& load) const noexcept;

  LoopChannel& owner_;
  Subchannel& where_;
  Call& call_;
  TimePoint begun_{};
  bool reported_ = false;
};

/// An attempt of a call on a connection.
///
///     ClientAttempt attempt(connection, call, settings);
///     attempt.finish(co_await attempt.responses());
class ClientAttempt {
 public:
  ClientAttempt(ClientConnection& connection, Call& call, const ConnectSettings& settings)
      : call_(call),
        attempt_(connection, call, settings.authority, settings.user_agent),
        transfer_((attempt_.start(), attempt_.responses()), call.responses()) {}

  MessageTransfer& responses() noexcept { return transfer_; }
  /// `taken`: whether the application took all responses.
  void finish(bool taken) noexcept;
  const Status& status() const noexcept { return attempt_.status(); }
  Repeat may_repeat() const noexcept { return attempt_.may_repeat(); }

 private:
  Call& call_;
  ClientCall attempt_;
  MessageTransfer transfer_;
};

}  // namespace weft::rpc
