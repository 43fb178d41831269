#pragma once

#include <cstdint>
#include <string_view>

#include "weft/codec/schema/wire.h"

namespace weft::codec::json {

/// google.protobuf.Timestamp and Duration as they lie in a message.
struct Seconds {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, nanos 0 to 999999999.
bool is_timestamp(const Seconds& time) noexcept;
/// At most 10,000 years of 365.25 days, nanos with the sign of the seconds.
bool is_duration(const Seconds& span) noexcept;

/// With quotes; 0, 3, 6 or 9 digits behind the point. Only of what is_timestamp().
void put_timestamp(const Seconds& time, OutputBytes& out);
void put_duration(const Seconds& span, OutputBytes& out);

/// RFC 3339 with "Z" or an offset. False where `text` is none, or out of range.
bool read_timestamp(std::string_view text, Seconds& out) noexcept;
/// "1.5s"
bool read_duration(std::string_view text, Seconds& out) noexcept;

}  // namespace weft::codec::json
