// What strangers say of traces and baggage: nothing they send fails, what is kept is within its
// bounds, and what is written can be read again as it was.
//
// Input: the text. Everything is tried on it.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/rpc/call/propagation.h"

namespace {

using namespace weft;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

void traces(std::string_view text) {
  if (const auto trace = rpc::parse_traceparent(text)) {
    require(trace->valid() && text.size() >= 55, "a trace has both ids");
    const auto written = rpc::format_traceparent(*trace);
    const std::string_view again(written.data(), written.size());
    require(again.substr(2, 51) == text.substr(2, 51), "the ids are handed on as they came");
    require(rpc::parse_traceparent(again)->flags == trace->flags, "and so are the flags");
  }
  if (const auto trace = rpc::parse_trace_bin(text)) {
    const auto written = rpc::format_trace_bin(*trace);
    const auto again = rpc::parse_trace_bin({written.data(), written.size()});
    require(again && again->trace_id == trace->trace_id && again->span_id == trace->span_id &&
                again->flags == trace->flags,
            "a binary trace comes back");
  }
}

void states(std::string_view text) {
  const Result<TraceState> state = TraceState::parse(text);
  if (!state.ok()) return;
  const std::string_view kept = state->text();
  require(kept.size() <= TraceState::kMaxSize, "a tracestate is within its limit");
  require(std::count(kept.begin(), kept.end(), '=') <=
              static_cast<std::ptrdiff_t>(TraceState::kMaxMembers),
          "and has no more members than may be");
  const Result<TraceState> again = TraceState::parse(kept);
  require(again.ok() && *again == *state, "and is read as it was written");
}

void baggage(std::string_view text) {
  Context context;
  rpc::BaggageRoom room;
  rpc::parse_baggage(text, room, context);
  std::size_t left_out = 0;
  const std::string written = rpc::format_baggage(context, SIZE_MAX, left_out);
  require(left_out == 0, "what was read can be written");
  Context second;
  rpc::BaggageRoom much{.members = SIZE_MAX, .size = SIZE_MAX / 2};
  require(rpc::parse_baggage(written, much, second) == 0, "what was written can be read");
  std::size_t members = 0;
  context.for_each_baggage([&](const BaggageEntry& entry) {
    ++members;
    const std::string* value = second.baggage(entry.key);
    require(value != nullptr && *value == entry.value, "a value comes back");
  });
  require(members <= rpc::kMaxBaggageMembers, "baggage is within its limit");
}

/// Whatever comes in a request, what goes on is what an application may send.
void requests(std::string_view text) {
  Metadata metadata;
  for (const std::string_view name : {"traceparent", "tracestate", "baggage", "grpc-trace-bin"}) {
    const std::size_t line = std::min(text.find('\n'), text.size());
    metadata.add(name, text.substr(0, line));
    text.remove_prefix(std::min(line + 1, text.size()));
  }
  const std::unique_ptr<const Context> carried = extract_context({}, metadata);
  if (carried == nullptr) return;
  constexpr std::size_t kRoom = 1000;
  Metadata on;
  inject_context({}, *carried, on, kRoom);
  require(on.validate().ok(), "what is handed on may be sent");
  require(on.wire_size() <= kRoom, "and fits the room there is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  traces(text);
  states(text);
  baggage(text);
  requests(text);
  return 0;
}
