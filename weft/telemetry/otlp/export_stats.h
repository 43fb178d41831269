#pragma once

#include <cstdint>

namespace weft::telemetry {

/// What became of spans, of points of metrics, or of log lines.
struct ExportStats {
  std::uint64_t exported = 0;  ///< a collector has taken them
  std::uint64_t rejected = 0;  ///< it took the others of a request: a partial success
  std::uint64_t refused = 0;   ///< it said that the request is not to be sent again
  std::uint64_t given_up = 0;  ///< OtlpOptions::max_attempts, or the end of the program
  std::uint64_t dropped = 0;   ///< the queues were full; metrics have none
  std::uint64_t requests = 0;  ///< that were sent, with those sent again
};

}  // namespace weft::telemetry
