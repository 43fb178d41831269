#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/base/time.h"

namespace weft::telemetry::internal {

/// What a collector said to a request (OTLP 1.3, "OTLP/gRPC Response" and "OTLP/HTTP Response").
struct ExportAnswer {
  enum class Kind : std::uint8_t {
    Taken,     ///< but for `rejected` of it, which is not sent again
    TryLater,  ///< the same request may be sent again, after `wait` if that is set
    Refused,   ///< it must not be sent again
  };
  Kind kind = Kind::Taken;
  std::uint64_t rejected = 0;
  std::optional<Duration> wait{};
  std::string reason{};  ///< why not all of it was taken
};

/// The body of a successful answer: an Export...ServiceResponse, whose messages are alike for all
/// signals. A body that is none counts as empty, which is success.
ExportAnswer read_success(std::string_view body);

/// A call that failed: the codes that the specification allows to repeat.
ExportAnswer answer_of(const Status& status);

/// HTTP status codes that may be repeated: 429, 502, 503 and 504.
bool may_repeat(int http_status) noexcept;

}  // namespace weft::telemetry::internal
