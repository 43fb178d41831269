#pragma once

#include <memory>

#include "weft/rpc/call/call.h"
#include "weft/telemetry/trace/internal/active_span.h"

namespace weft::telemetry::internal {

/// The method of a span.
struct MethodName {
  const std::string* text = nullptr;
  bool is_left_out = false;  ///< health and reflection
};

/// What a call that is recorded has attached. A call that is made on behalf of another finds what
/// that has: `owner` tells the two apart.
struct ServerSpan {
  ActiveSpan active;
  const Call* owner;
  const MethodName* method;
  std::unique_ptr<SpanDetails> details{};
};
struct ClientSpan {
  ActiveSpan active;
  const Call* owner;
  const MethodName* method;
};
struct AttemptSpan {
  ActiveSpan active;
  const Call* owner;
  const MethodName* method;
};

}  // namespace weft::telemetry::internal
