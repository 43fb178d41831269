#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/status.h"
#include "weft/codec/schema/wire.h"

namespace weft::edge::rest {

/// Bytes of all paths that are made of one content. The fields of messages in messages may be many
/// more than the bytes that say them.
inline constexpr std::size_t kMaskSize = std::size_t{64} * 1024;

/// Appends the field `mask`, a google.protobuf.FieldMask, with the paths of the fields that `json`
/// has: what an update_mask means that the client has left out (google.aip.dev/134). A path has the
/// names of the .proto file; it ends at lists, maps, messages without fields, and types with a JSON
/// of their own. A field that is null counts.
///
/// `json` was read as a message of `type` before. INVALID_ARGUMENT where it is null, and where the
/// paths have more bytes than kMaskSize.
Status add_present_fields(const codec::FieldTable& mask, const codec::MessageTable& type,
                          std::string_view json, codec::OutputBytes& out);

}  // namespace weft::edge::rest
