#pragma once

#include <string>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/coro/task.h"

namespace weft::events {

/// Something that has happened and that others are to know; names as CloudEvents has them.
struct Event {
  // No aggregate: GCC 12 destroys a temporary one twice inside a coroutine.
  Event() {}

  std::string source{};  ///< where it happened: "shop/orders"
  std::string id{};      ///< unique within `source`: a duplicate has the same
  std::string type{};    ///< "shop.OrderPaid"
  std::string key{};     ///< events with the same key keep their order
  Bytes data{};          ///< a message of `type`
};

/// Where events go: a broker, or a service. Used on one loop at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// OK once the receiver has the event for good. It is called again with the same event after any
  /// error, and perhaps after a crash. `event` outlives the Task.
  virtual Task<Status> publish(const Event& event) = 0;
};

}  // namespace weft::events
