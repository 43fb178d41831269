#pragma once

#include <string_view>

#include "weft/codec/schema/message_table.h"

namespace weft::codec {

/// Whether each field comes once and in the order of the numbers, as protobuf writes them. Where
/// more is needed to tell, the answer is false: maps may have a key twice, and closed enums numbers
/// that are none of theirs. What is not plain is brought into that form by normalize().
bool is_plain(const MessageTable& table, std::string_view bytes) noexcept;

}  // namespace weft::codec
