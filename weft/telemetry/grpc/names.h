#pragma once

#include <cstdint>

namespace weft::telemetry {

/// Whose names calls are counted under.
enum class CallNames : std::uint8_t {
  Grpc,           ///< gRFC A66: `grpc.server.call.duration` and so on
  OpenTelemetry,  ///< its semantic conventions: `rpc.server.call.duration`
  Both,
};

/// Buckets of the histograms of calls.
enum class CallBuckets : std::uint8_t {
  Standard,  ///< A66's: 42 for a time, 15 for a size
  Coarse,    ///< 13 and 7, for programs with hundreds of methods
};

}  // namespace weft::telemetry
