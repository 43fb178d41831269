#pragma once

#include <cstdint>

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

/// Appends an integer of its kind's range, negative ones as their two's complement, without a tag.
void put_integer(FieldKind kind, std::uint64_t bits, OutputBytes& out);

}  // namespace weft::codec
