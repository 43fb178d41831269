#pragma once

#include <cstdint>

namespace weft::redis {

/// What a value of RESP2 or RESP3 is. Simple, bulk and verbatim strings are all Text.
enum class Type : std::uint8_t {
  Null,
  Bool,
  Integer,
  Double,
  BigNumber,  ///< an integer of any length, as text
  Text,
  Error,  ///< inside of a reply, as of one command of a transaction
  Array,
  Set,
  Map,
  Push,  ///< sent by the server by itself: messages, invalidations
};

/// A value in the order in which values come: an aggregate is followed by its elements, with
/// theirs. A map of n entries has 2n elements.
struct Node {
  Type type = Type::Null;
  std::uint32_t size = 0;  ///< elements of an aggregate; bytes of a text
  std::uint32_t span = 1;  ///< nodes of which this one is the first: itself and what is in it
  union {
    std::int64_t integer = 0;  ///< also of Bool
    double real;
    std::uint64_t offset;  ///< of a text among the texts of the reply
  };
};

/// Whether it has elements.
constexpr bool is_aggregate(Type type) noexcept { return type >= Type::Array; }
/// Whether it has a text.
constexpr bool has_text(Type type) noexcept {
  return type == Type::BigNumber || type == Type::Text || type == Type::Error;
}

}  // namespace weft::redis
