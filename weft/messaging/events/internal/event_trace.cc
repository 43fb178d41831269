#include "weft/messaging/events/internal/event_trace.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace weft::messaging::internal {
namespace {

// CloudEvents' extension for distributed tracing has the first two; the third is W3C Baggage.
constexpr std::array<std::string_view, 3> kTraceNames = {"traceparent", "tracestate", "baggage"};
constexpr std::size_t kMostTrace = std::size_t{8} << 10;

}  // namespace

void add_trace(const PropagationOptions& options, const Context& context, CloudEvent& event) {
  if (!context.has_luggage() || event.find(kTraceNames.front()) != nullptr) return;
  Metadata metadata;
  inject_context(options, context, metadata, kMostTrace);
  for (const std::string_view name : kTraceNames) {
    if (const auto value = metadata.get(name)) event.set(name, std::string(*value));
  }
}

Metadata trace_metadata(const CloudEvent& event) {
  Metadata metadata;
  for (const std::string_view name : kTraceNames) {
    if (const std::string* const value = event.find(name)) metadata.add(name, *value);
  }
  return metadata;
}

std::int64_t wall_time() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace weft::messaging::internal
