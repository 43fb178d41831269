#pragma once

#include <chrono>

#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/method.h"
#include "weft/rpc/call/service.h"
#include "weft/storage/event/event.h"

namespace weft::transaction {

/// Publishes events by calls of a unary method, where there is no broker: an event's data is the
/// request. The call has the metadata `weft-event-source`, `weft-event-id`, `weft-event-type` and
/// `weft-event-key`, where they are visible ASCII, and an `idempotency-key` of source and id, so
/// that Barrier::once(context, …) of the receiver takes the event once.
class ServiceSink final : public events::EventSink {
 public:
  /// `service`, a Channel for example, must outlive this. `method`: unary; its texts live as long.
  ServiceSink(Service& service, const MethodDescriptor& method,
              Duration timeout = std::chrono::seconds(10)) noexcept
      : service_(service), method_(method), timeout_(timeout) {}

  /// The call's status.
  Task<Status> publish(const events::Event& event) override;

 private:
  Service& service_;
  const MethodDescriptor method_;
  const Duration timeout_;
};

}  // namespace weft::transaction
