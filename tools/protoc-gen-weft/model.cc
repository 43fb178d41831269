#include "tools/protoc-gen-weft/model.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include "tools/protoc-gen-weft/comment.h"
#include "tools/protoc-gen-weft/names.h"

namespace weft::generator {
namespace {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileOptions;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;

MethodModel::Kind kind_of(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? MethodModel::Kind::BidiStreaming
                                     : MethodModel::Kind::ClientStreaming;
  }
  return method.server_streaming() ? MethodModel::Kind::ServerStreaming : MethodModel::Kind::Unary;
}

MethodModel model_of(const MethodDescriptor& method, const std::string& name) {
  MethodModel model;
  model.proto_name = method.name();
  model.name = name;
  model.kind = kind_of(method);
  model.request = cpp::QualifiedClassName(method.input_type());
  model.response = cpp::QualifiedClassName(method.output_type());
  model.comment = comment_of(method);
  model.idempotent = method.options().idempotency_level() != MethodOptions::IDEMPOTENCY_UNKNOWN;
  model.no_side_effects = method.options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
  model.deprecated = method.options().deprecated();
  return model;
}

ServiceModel model_of(const ServiceDescriptor& service, const ServiceNames& generated,
                      const PrivateCopy& copy) {
  ServiceModel model;
  model.full_name = copy.wire_name(service.full_name());
  model.names = generated;
  model.comment = comment_of(service);
  model.deprecated = service.options().deprecated();
  // One name for a method in all classes, so that who knows one knows the others.
  const std::vector<std::string> names = method_names(
      service, {"descriptor", "serve", "overridden", "service_", "channel_", generated.service,
                generated.client, generated.blocking_client, generated.calls});
  for (int i = 0; i < service.method_count(); ++i) {
    model.methods.push_back(model_of(*service.method(i), names[static_cast<std::size_t>(i)]));
  }
  return model;
}

std::string descriptor_code(const FileDescriptor& file, const PrivateCopy& copy) {
  if (copy.is_made()) return copy.descriptor_code(file);
  if (file.options().optimize_for() == FileOptions::LITE_RUNTIME) return "";
  if (file.message_type_count() > 0) {
    return "return " + cpp::QualifiedClassName(file.message_type(0)) + "::descriptor()->file();\n";
  }
  if (file.enum_type_count() > 0) {
    return "return " + cpp::QualifiedClassName(file.enum_type(0)) + "_descriptor()->file();\n";
  }
  // Nothing else refers to protobuf's object file for this .proto, so a linker would leave it out
  // of the program, and with it the code that registers the descriptor.
  return "static const void* const volatile keep = &::descriptor_table_" +
         file_identifier(file.name()) +
         ";\n"
         "static_cast<void>(keep);\n"
         "return ::google::protobuf::DescriptorPool::generated_pool()->FindFileByName(\n"
         "    \"" +
         file.name() + "\");\n";
}

bool uses_deprecated(const Descriptor& message) { return message.options().deprecated(); }

void note_features(const ServiceDescriptor& service, FileModel& model) {
  model.has_deprecated |= service.options().deprecated();
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const MethodModel::Kind kind = kind_of(method);
    model.has_unary |= kind == MethodModel::Kind::Unary;
    model.has_streams |= kind != MethodModel::Kind::Unary;
    model.has_single_response |= !method.server_streaming();
    model.has_deprecated |= method.options().deprecated() ||
                            uses_deprecated(*method.input_type()) ||
                            uses_deprecated(*method.output_type());
  }
}

}  // namespace

FileModel model_of(const FileDescriptor& file, const PrivateCopy& copy) {
  FileModel model;
  model.proto = file.name();
  model.base = cpp::StripProto(file.name());
  model.name_space = namespace_of(file);
  model.is_private_copy = copy.is_made();
  model.descriptor_code = descriptor_code(file, copy);
  const std::vector<ServiceNames> names = service_names(file);
  for (int i = 0; i < file.service_count(); ++i) {
    model.services.push_back(model_of(*file.service(i), names[static_cast<std::size_t>(i)], copy));
    note_features(*file.service(i), model);
  }
  return model;
}

}  // namespace weft::generator
