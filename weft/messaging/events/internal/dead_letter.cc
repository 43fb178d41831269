#include "weft/messaging/events/internal/dead_letter.h"

#include <algorithm>
#include <array>

#include "weft/base/text/text_cut.h"
#include "weft/messaging/events/internal/event_trace.h"
#include "weft/messaging/events/requeue.h"

namespace weft::messaging::internal {
namespace {

constexpr std::size_t kMostReason = 1024;
constexpr std::array<std::string_view, 7> kDeadNames = {
    "deadtopic", "deadgroup", "deadcode", "deadreason", "deadtries", "deadposition", "deadtime"};

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

std::string revive(CloudEvent& event) {
  const std::string* const from = event.find("deadtopic");
  const std::string* const group = event.find("deadgroup");
  if (from == nullptr || group == nullptr) return {};
  std::string topic = *from;
  event.set(kForGroup, *group);
  std::erase_if(event.attributes, [](const Attribute& attribute) {
    return std::ranges::find(kDeadNames, attribute.name) != kDeadNames.end();
  });
  return topic;
}

}  // namespace weft::messaging::internal
