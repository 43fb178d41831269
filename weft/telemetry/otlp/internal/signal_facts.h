#pragma once

#include <string_view>

#include "weft/rpc/call/service.h"
#include "weft/telemetry/otlp/otlp_options.h"

namespace weft::telemetry::internal {

/// What OTLP 1.3 and OpenTelemetry's variables of the environment say of a signal.
struct SignalFacts {
  std::string_view items;        ///< what is exported, for a log
  std::string_view variable;     ///< in the variables' names: "TRACES"
  std::string_view path;         ///< of OTLP over HTTP: "v1/traces"
  std::string_view default_url;  ///< of OTLP over HTTP
  MethodDescriptor method;       ///< of OTLP over gRPC
  const char* interval;          ///< the variable for OtlpOptions::interval
  const char* batch;             ///< the variable for OtlpOptions::batch_items; null: there is none
};

/// Valid as long as the program runs.
const SignalFacts& facts_of(OtlpSignal signal) noexcept;

}  // namespace weft::telemetry::internal
