#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/status.h"
#include "weft/storage/event/event.h"

namespace weft::messaging {

/// An extension attribute of CloudEvents: a name of lower-case ASCII letters and digits.
struct Attribute {
  std::string name;
  std::string value;
};

/// An event as brokers carry it: the attributes of CloudEvents 1.0, with the event's key as its
/// `partitionkey` and the trace of its publisher as `traceparent` and `tracestate`.
class CloudEvent : public events::Event {
 public:
  CloudEvent() {}
  explicit CloudEvent(events::Event event) : events::Event(std::move(event)) {}

  std::string subject{};  ///< what it is about, within `source`; may be empty
  std::int64_t time = 0;  ///< when it happened, in milliseconds since 1970; 0: not known
  std::vector<Attribute> attributes{};

  /// The value of an extension attribute; null where there is none.
  const std::string* find(std::string_view name) const noexcept;
  /// Sets an extension attribute, in place of an earlier one of that name.
  void set(std::string_view name, std::string value);
  /// Without the attribute, if there is one.
  void erase(std::string_view name);
};

/// Limits of an event, in bytes: of source, id, type, key and subject each, and of the data.
inline constexpr std::size_t kMostEventName = 255;
inline constexpr std::size_t kMostEventData = std::size_t{8} << 20;
/// Of extension attributes: how many, and bytes of names and values together.
inline constexpr std::size_t kMostAttributes = 64;
inline constexpr std::size_t kMostAttributeBytes = std::size_t{16} << 10;

/// INVALID_ARGUMENT where a broker may not take the event: an attribute that CloudEvents requires
/// (source, id, type) is empty, a name is not possible, or a limit is exceeded, which is named.
Status validate(const CloudEvent& event);
/// INVALID_ARGUMENT for data of `size` bytes, beyond kMostEventData.
Status too_large_event_data(std::size_t size);
/// INVALID_ARGUMENT unless `name` can name a topic or a group: 1 to 200 letters, digits, '.', '_'
/// and '-', of which the first is no '.'. `what` is for the message: "topic".
Status validate_name(std::string_view what, std::string_view name);

}  // namespace weft::messaging
