#include "weft/codec/schema/time.h"

#include "weft/codec/schema/well_known_fields.h"

namespace weft::codec {
namespace {

constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kLongestDuration = 315'576'000'000;

bool is_timestamp(const Seconds& time) noexcept {
  return time.seconds >= kFirstSecond && time.seconds <= kLastSecond && time.nanos >= 0 &&
         time.nanos < kNanosPerSecond;
}

bool is_duration(const Seconds& span) noexcept {
  if (span.seconds < -kLongestDuration || span.seconds > kLongestDuration) return false;
  if (span.nanos <= -kNanosPerSecond || span.nanos >= kNanosPerSecond) return false;
  return (span.seconds <= 0 || span.nanos >= 0) && (span.seconds >= 0 || span.nanos <= 0);
}

}  // namespace

bool read_seconds(std::string_view bytes, Seconds& out) noexcept {
  return for_each_field(bytes, [&](std::uint32_t number, WireType wire, WireReader value) {
    std::uint64_t read = 0;
    if (wire != WireType::Varint || number > 2 || !value.varint(read)) return;
    if (number == 1) out.seconds = static_cast<std::int64_t>(read);
    if (number == 2) out.nanos = static_cast<std::int32_t>(read);
  });
}

void put_seconds(const Seconds& time, OutputBytes& out) {
  if (time.seconds != 0) {
    out.put('\x08');
    out.put_varint(static_cast<std::uint64_t>(time.seconds));
  }
  if (time.nanos != 0) {
    out.put('\x10');
    out.put_varint(static_cast<std::uint64_t>(std::int64_t{time.nanos}));
  }
}

bool is_in_range(WellKnown type, const Seconds& time) noexcept {
  return type == WellKnown::Timestamp ? is_timestamp(time) : is_duration(time);
}

std::string out_of_range(WellKnown type, const Seconds& time) {
  const bool is_time = type == WellKnown::Timestamp;
  return std::to_string(time.seconds) + " seconds and " + std::to_string(time.nanos) +
         " nanoseconds are no " +
         (is_time ? "Timestamp; a Timestamp is from 0001-01-01T00:00:00Z to "
                    "9999-12-31T23:59:59.999999999Z with nanoseconds from 0 to 999999999"
                  : "Duration; a Duration has at most 315576000000 seconds and 999999999 "
                    "nanoseconds of the same sign");
}

}  // namespace weft::codec
