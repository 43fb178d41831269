#include "tools/protoc-gen-weft/private_copy.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/strutil.h>

namespace weft::generator {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kBytesInLine = 24;

void rename_types(pb::DescriptorProto& message, const PrivateCopy& copy) {
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    if (!field.has_type_name()) continue;
    field.set_type_name("." + copy.wire_name(field.type_name().substr(1)));
  }
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) rename_types(nested, copy);
}

/// The file as it was before its package and path got the prefix.
pb::FileDescriptorProto original_of(const pb::FileDescriptor& file, const PrivateCopy& copy) {
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  if (proto.name().starts_with(copy.prefix + "/")) {
    proto.set_name(proto.name().substr(copy.prefix.size() + 1));
  }
  proto.set_package(copy.wire_name(proto.package()));
  for (pb::DescriptorProto& message : *proto.mutable_message_type()) rename_types(message, copy);
  for (pb::ServiceDescriptorProto& service : *proto.mutable_service()) {
    for (pb::MethodDescriptorProto& method : *service.mutable_method()) {
      method.set_input_type("." + copy.wire_name(method.input_type().substr(1)));
      method.set_output_type("." + copy.wire_name(method.output_type().substr(1)));
    }
  }
  return proto;
}

}  // namespace

std::string PrivateCopy::wire_name(const std::string& full_name) const {
  const std::string start = prefix + ".";
  return is_made() && full_name.starts_with(start) ? full_name.substr(start.size()) : full_name;
}

std::string PrivateCopy::descriptor_code(const pb::FileDescriptor& file) const {
  if (file.dependency_count() > 0) return "";
  const std::string bytes = original_of(file, *this).SerializeAsString();
  std::string code = "static constexpr char kBytes[] =\n";
  for (std::size_t at = 0; at < bytes.size(); at += kBytesInLine) {
    code += "    \"" + pb::CEscape(bytes.substr(at, kBytesInLine)) + "\"\n";
  }
  return code +
         "    ;\n"
         "static const auto* const file =\n"
         "    ::weft::rpc::build_descriptor({kBytes, sizeof(kBytes) - 1});\n"
         "return file;\n";
}

}  // namespace weft::generator
