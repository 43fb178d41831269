#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/schema/message_table.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// The values of an integer type.
struct IntegerRange {
  std::int64_t least;
  std::uint64_t greatest;
};
/// Of a kind that is an integer.
IntegerRange range_of(FieldKind kind) noexcept;

/// For an error: "300 is beyond int32, whose greatest value is 2147483647". `shown` is the integer
/// of `kind`, or the enum, that is out of its range.
std::string beyond_range(FieldKind kind, std::string_view shown, bool negative);

/// Appends an integer of its kind's range, negative ones as their two's complement, without a tag.
void put_integer(FieldKind kind, std::uint64_t bits, OutputBytes& out);

}  // namespace weft::codec
