#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "weft/base/status.h"

namespace weft::edge::api {

/// The comments of .proto files, where a FileDescriptorSet has them. Compiled code does not.
class Comments {
 public:
  /// INVALID_ARGUMENT for bytes that are no FileDescriptorSet, or lack a file that one imports.
  Status load(std::string_view descriptors);

  std::string of(const google::protobuf::Descriptor& message) const {
    return from(pool_.FindMessageTypeByName(std::string(message.full_name())));
  }
  std::string of(const google::protobuf::FieldDescriptor& field) const {
    return from(pool_.FindFieldByName(std::string(field.full_name())));
  }
  std::string of(const google::protobuf::EnumDescriptor& type) const {
    return from(pool_.FindEnumTypeByName(std::string(type.full_name())));
  }
  std::string of(const google::protobuf::EnumValueDescriptor& value) const {
    return from(pool_.FindEnumValueByName(std::string(value.full_name())));
  }
  std::string of(const google::protobuf::MethodDescriptor& method) const {
    return from(pool_.FindMethodByName(std::string(method.full_name())));
  }
  std::string of(const google::protobuf::ServiceDescriptor& service) const {
    return from(pool_.FindServiceByName(std::string(service.full_name())));
  }

 private:
  template <class Element>
  static std::string from(const Element* element) {
    google::protobuf::SourceLocation at;
    if (element == nullptr || !element->GetSourceLocation(&at)) return {};
    return plain(at.leading_comments.empty() ? at.trailing_comments : at.leading_comments);
  }
  static std::string plain(std::string_view comment);

  google::protobuf::DescriptorPool pool_;
};

}  // namespace weft::edge::api
