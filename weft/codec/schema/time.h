#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/schema/well_known.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// google.protobuf.Timestamp and Duration as they lie in a message.
struct Seconds {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

/// The fields of a Timestamp or a Duration; false where the bytes are no message.
bool read_seconds(std::string_view bytes, Seconds& out) noexcept;
/// The same fields in protobuf's encoding, those that are 0 left out.
void put_seconds(const Seconds& time, OutputBytes& out);

/// Whether `type`, Timestamp or Duration, has such a value (timestamp.proto, duration.proto):
/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z with nanos from 0 to 999999999, or at
/// most 10,000 years of 365.25 days with nanos of the same sign.
bool is_in_range(WellKnown type, const Seconds& time) noexcept;
/// What is_in_range() wants, for an error.
std::string out_of_range(WellKnown type, const Seconds& time);

}  // namespace weft::codec
