#pragma once

#include <google/protobuf/descriptor.h>

#include "weft/base/status.h"

namespace weft::cli {

/// protobuf's JSON functions know google.protobuf.Struct, Timestamp and their like by name, and
/// take it for granted that they have the usual fields: over a Struct whose field is no map they
/// loop for ever. INVALID_ARGUMENT naming the type where `pool`, which may be what a server has
/// sent, has another under such a name.
Status check_well_known_types(const google::protobuf::DescriptorPool& pool);

}  // namespace weft::cli
