#pragma once

#include <cstddef>
#include <string_view>

#include "weft/coro/trace_context.h"
#include "weft/rpc/call/metadata.h"

namespace weft::rpc {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";
inline constexpr std::string_view kBaggage = "baggage";
inline constexpr std::string_view kTraceBin = "grpc-trace-bin";

/// Values of one name; nothing where there are none.
struct Values {
  std::string_view first;
  std::size_t count = 0;

  void add(std::string_view value) noexcept {
    if (count++ == 0) first = value;
  }
};

/// The fields of a request that carry a trace or baggage.
struct TraceFields {
  Values traceparent;
  Values tracestate;
  Values trace_bin;
  Values baggage;

  explicit TraceFields(const Metadata& metadata) noexcept;
  /// A tracestate alone says nothing.
  bool empty() const noexcept { return traceparent.count + trace_bin.count + baggage.count == 0; }
  /// One traceparent and nothing else, as in most requests with a trace.
  bool is_traceparent() const noexcept {
    return traceparent.count == 1 && tracestate.count + trace_bin.count + baggage.count == 0;
  }
};

/// As parse_traceparent(), into a trace that has nothing yet; false where it is malformed.
bool read_traceparent(std::string_view text, TraceContext& trace) noexcept;

}  // namespace weft::rpc
