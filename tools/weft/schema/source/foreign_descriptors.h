#pragma once

#include <google/protobuf/descriptor.pb.h>

#include "weft/base/status.h"

namespace weft::cli {

/// Files as other implementations of reflection send them, made what protobuf 3.21 takes without
/// changing what is on the wire or in JSON.

/// Names the types of map entries as protoc does: "MyLabelsEntry" for the field `my_labels`. Node's
/// servers have "My_labelsEntry".
void name_map_entries(google::protobuf::FileDescriptorProto& file);

/// Makes a file of edition 2023 or 2024 one of proto2 that means the same: explicit presence is
/// proto2's, packed fields are marked, delimited messages are groups. Unknown values of open enums
/// are numbers in JSON either way. UNIMPLEMENTED naming the edition when it is another one.
Status translate_edition(google::protobuf::FileDescriptorProto& file);

/// Whether an unset field differs from one with its default value; also where a file of an edition,
/// now one of proto2, has implicit presence.
bool has_presence(const google::protobuf::FieldDescriptor& field);

}  // namespace weft::cli
