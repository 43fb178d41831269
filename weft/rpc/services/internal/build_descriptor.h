#pragma once

#include <string_view>

#include <google/protobuf/descriptor.h>

namespace weft::rpc {

/// The descriptor of a file without imports, from a serialized FileDescriptorProto: in a pool of
/// its own, so that it meets no other of its name. The pool stays as long as the program. Null if
/// the bytes describe no such file.
const google::protobuf::FileDescriptor* build_descriptor(std::string_view bytes);

}  // namespace weft::rpc
