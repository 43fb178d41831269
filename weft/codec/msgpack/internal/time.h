#pragma once

#include <cstdint>
#include <string>

namespace weft::codec::msgpack {

/// A google.protobuf.Timestamp.
struct Time {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z (timestamp.proto).
inline bool is_timestamp(const Time& time) noexcept {
  return time.seconds >= -62'135'596'800 && time.seconds <= 253'402'300'799 && time.nanos >= 0 &&
         time.nanos < 1'000'000'000;
}

inline std::string out_of_range(const Time& time) {
  return std::to_string(time.seconds) + " seconds and " + std::to_string(time.nanos) +
         " nanoseconds are no Timestamp; a Timestamp is from 0001-01-01T00:00:00Z to "
         "9999-12-31T23:59:59.999999999Z with nanoseconds from 0 to 999999999";
}

}  // namespace weft::codec::msgpack
