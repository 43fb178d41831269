#pragma once

#include <span>
#include <string_view>

#include "weft/telemetry/metrics/declaration.h"

namespace weft::telemetry {

/// A metric of weft's own, as docs/reference/metrics.md lists it.
struct Declared {
  Declaration declaration;
  std::string_view source{};  ///< where its definition comes from: "gRFC A66"
  std::string_view option{};  ///< what has to be set for it to be there; empty: nothing
};

/// Under one heading of the reference page.
struct DeclaredGroup {
  std::string_view title;
  std::string_view from;  ///< what brings them: "telemetry::server_metrics()"
  std::span<const Declared> metrics;
};

/// All metrics of weft's own.
std::span<const DeclaredGroup> declared_metrics() noexcept;

}  // namespace weft::telemetry
