#include "weft/messaging/events/cloud_event.h"

#include <algorithm>

#include "weft/base/text/printable.h"

namespace weft::messaging {
namespace {

constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostShown = 80;

constexpr bool is_lower_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr bool is_name_character(char c) noexcept {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

Status too_large(std::string_view what, std::size_t size, std::size_t most) {
  return invalid_argument("the event's " + std::string(what) + " has " + std::to_string(size) +
                          " bytes, more than the limit of " + std::to_string(most));
}

Status validate_attributes(const CloudEvent& event) {
  if (event.attributes.size() > kMostAttributes) {
    return invalid_argument("the event has " + std::to_string(event.attributes.size()) +
                            " extension attributes, more than the limit of " +
                            std::to_string(kMostAttributes));
  }
  std::size_t bytes = 0;
  for (const Attribute& attribute : event.attributes) {
    bytes += attribute.name.size() + attribute.value.size();
    if (attribute.name.empty() || !std::ranges::all_of(attribute.name, is_lower_or_digit)) {
      return invalid_argument("the event's attribute '" +
                              printable(attribute.name.substr(0, kMostShown)) +
                              "' is not named by lower-case letters and digits");
    }
  }
  if (bytes > kMostAttributeBytes) return too_large("attributes", bytes, kMostAttributeBytes);
  return {};
}

}  // namespace

const std::string* CloudEvent::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  return found == attributes.end() ? nullptr : &found->value;
}

void CloudEvent::set(std::string_view name, std::string value) {
  const auto found = std::ranges::find(attributes, name, &Attribute::name);
  if (found != attributes.end()) {
    found->value = std::move(value);
  } else {
    attributes.push_back({std::string(name), std::move(value)});
  }
}

void CloudEvent::erase(std::string_view name) {
  std::erase_if(attributes, [name](const Attribute& attribute) { return attribute.name == name; });
}

Status validate(const CloudEvent& event) {
  using Named = std::pair<std::string_view, std::string_view>;
  for (const auto& [name, text] :
       {Named("source", event.source), Named("id", event.id), Named("type", event.type)}) {
    if (text.empty()) return invalid_argument("the event has no " + std::string(name));
  }
  for (const auto& [name, text] :
       {Named("source", event.source), Named("id", event.id), Named("type", event.type),
        Named("key", event.key), Named("subject", event.subject)}) {
    if (text.size() > kMostEventName) return too_large(name, text.size(), kMostEventName);
  }
  if (event.data.size() > kMostEventData) return too_large_event_data(event.data.size());
  return validate_attributes(event);
}

Status too_large_event_data(std::size_t size) { return too_large("data", size, kMostEventData); }

Status validate_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= kMostName && name.front() != '.' &&
      std::ranges::all_of(name, is_name_character)) {
    return {};
  }
  return invalid_argument("'" + printable(name.substr(0, kMostShown)) + "' cannot name a " +
                          std::string(what) + ": it takes 1 to " + std::to_string(kMostName) +
                          " letters, digits, '.', '_' and '-', and does not begin with '.'");
}

}  // namespace weft::messaging
