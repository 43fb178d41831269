#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>

namespace weft::cli {

/// `json`, a message of `type` as protobuf's JSON functions write it on one line, with the fields
/// that it leaves out because they have their default value: numbers, strings and enums without
/// presence, and empty lists and maps, also in the messages that it holds, those in an Any
/// included. The fields of a message come in the order of its type.
///
/// Fields with presence (optional, in a oneof, messages, of proto2) that are not set are left out
/// as before: that they are absent means something.
std::string add_defaults(std::string_view json, const google::protobuf::Descriptor& type);

/// Whether add_defaults() gives `field` a value where it is left out.
bool has_shown_default(const google::protobuf::FieldDescriptor& field);

/// The value it is given, as JSON: `0`, `"0"`, `""`, `"RED"`, `false`, `[]`, `{}`, `null`.
std::string default_as_json(const google::protobuf::FieldDescriptor& field);

}  // namespace weft::cli
