#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "weft/base/bytes.h"
#include "weft/base/time.h"
#include "weft/codec/schema/wire.h"
#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry::internal {

/// An ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1), made span by span.
class TraceRequest {
 public:
  /// `resource`: of encode_resource(). `to_wall`: from a TimePoint to the time since 1970.
  TraceRequest(const std::string& resource, Duration to_wall)
      : resource_(resource), to_wall_(to_wall) {}

  void add(const SpanRecord& span);
  std::size_t spans() const noexcept { return count_; }
  /// Bytes of finish(), about.
  std::size_t size() const noexcept { return spans_.size() + resource_.size(); }
  /// The whole request.
  Bytes finish() const;

 private:
  const std::string& resource_;
  const Duration to_wall_;
  codec::OutputBytes spans_;
  std::size_t count_ = 0;
};

}  // namespace weft::telemetry::internal
