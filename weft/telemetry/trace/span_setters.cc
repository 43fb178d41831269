#include "weft/telemetry/trace/span_setters.h"

#include "weft/base/text/text_cut.h"

namespace weft::telemetry::internal {
namespace {

std::size_t bytes_of(const Attribute& attribute) noexcept {
  const auto* const text = std::get_if<std::string>(&attribute.value);
  return sizeof(Attribute) + attribute.key.size() + (text == nullptr ? 0 : text->size());
}

}  // namespace

std::string text_of(std::string_view text) { return std::string(utf8_prefix(text, kMaxText)); }

void add_attribute(SpanDetails& details, std::string_view key,
                   std::variant<std::string, std::int64_t, double, bool> value) {
  for (Attribute& known : details.attributes) {
    if (known.key != key) continue;
    details.bytes -= bytes_of(known);
    known.value = std::move(value);
    details.bytes += bytes_of(known);
    return;
  }
  if (key.empty() || details.attributes.size() >= kMaxAttributes) {
    ++details.dropped_attributes;
    return;
  }
  details.attributes.push_back({text_of(key), std::move(value)});
  details.bytes += bytes_of(details.attributes.back());
}

void add_event(SpanDetails& details, std::string_view name, TimePoint at,
               std::vector<Attribute> attributes) {
  if (details.events.size() >= kMaxEvents) {
    ++details.dropped_events;
    return;
  }
  if (attributes.size() > kMaxAttributes) attributes.resize(kMaxAttributes);
  details.events.push_back({text_of(name), at, std::move(attributes)});
  details.bytes += sizeof(SpanEvent) + details.events.back().name.size();
  for (const Attribute& one : details.events.back().attributes) details.bytes += bytes_of(one);
}

void add_link(SpanDetails& details, const TraceContext& to) {
  if (!to.valid() || details.links.size() >= kMaxLinks) {
    ++details.dropped_links;
    return;
  }
  details.links.push_back(to);
  details.bytes += sizeof(TraceContext) + to.state.text().size();
}

}  // namespace weft::telemetry::internal
