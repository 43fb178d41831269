#pragma once

#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/schema/message_table.h"
#include "weft/foreign/names.h"

namespace weft::foreign {

/// A message of the type of `table`, in protobuf's encoding, of its JSON as languages with 64-bit
/// integers write it: names in any case, unknown members passed over, null for an empty message.
/// INVALID_ARGUMENT with the place.
Result<Bytes> message_of_json(const codec::MessageTable& table, std::string_view json,
                              int max_depth);

/// The same of an array: its elements are the values of the fields, in the order of their
/// declaration.
Result<Bytes> message_of_list(const codec::MessageTable& table, std::string_view json,
                              int max_depth);

/// Appends the JSON of a message: 64-bit integers and enums are
/// numbers. INVALID_ARGUMENT naming the field that has no JSON. On an error `out` is as it was.
Status append_json(const codec::MessageTable& table, std::string_view message, FieldNames names,
                   std::string& out);

}  // namespace weft::foreign
