#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>

namespace weft::generator {

/// The comment of a .proto's element as lines of C++ documentation ("/// text\n"); empty without
/// one. A detached comment is not documentation.
std::string comment_of(const google::protobuf::ServiceDescriptor& service);
std::string comment_of(const google::protobuf::MethodDescriptor& method);

/// Text as lines of C++ documentation.
std::string as_comment(std::string_view text);

}  // namespace weft::generator
