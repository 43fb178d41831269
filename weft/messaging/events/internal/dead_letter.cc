#include "weft/messaging/events/internal/dead_letter.h"

#include "weft/base/text/text_cut.h"
#include "weft/messaging/events/internal/event_trace.h"

namespace weft::messaging::internal {
namespace {

constexpr std::size_t kMostReason = 1024;

}  // namespace

CloudEvent dead_letter(const Delivery& delivery, const Status& cause, std::uint32_t tries,
                       std::string_view topic, std::string_view group) {
  CloudEvent event = delivery.event;
  event.set("deadtopic", std::string(topic));
  event.set("deadgroup", std::string(group));
  event.set("deadcode", std::string(name_of(cause.code())));
  event.set("deadreason", std::string(utf8_prefix(cause.message(), kMostReason)));
  event.set("deadtries", std::to_string(tries));
  event.set("deadposition", std::to_string(delivery.position));
  event.set("deadtime", std::to_string(wall_time()));
  return event;
}

}  // namespace weft::messaging::internal
