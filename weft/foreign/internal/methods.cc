#include "weft/foreign/internal/methods.h"

#include <utility>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/tables.h"

namespace weft::foreign {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kLongestShown = 128;

std::string shown(std::string_view name) {
  return "'" + printable(name.substr(0, kLongestShown)) + "'";
}

Result<MessageTypes> types_of(const pb::MethodDescriptor& method) {
  const codec::Tables& tables = codec::Tables::generated();
  if (!tables.may_keep(*method.input_type()) || !tables.may_keep(*method.output_type())) {
    return unimplemented("the types of " + method.full_name() + " are not generated code's");
  }
  return MessageTypes{.request = &tables.of(*method.input_type()),
                      .response = &tables.of(*method.output_type())};
}

Status no_service(std::string_view name) {
  return unimplemented("there is no service " + shown(name));
}

Status streams(const MethodDescriptor& method) {
  return unimplemented(std::string(method.path) +
                       " streams, and this protocol has one request and one response");
}

}  // namespace

std::string_view without_package(std::string_view service) noexcept {
  return service.substr(service.rfind('.') + 1);  // npos + 1 is 0
}

Result<const Method*> Methods::find(std::string_view name) {
  std::string key(name);
  if (const auto found = known_.find(key); found != known_.end()) return &found->second;
  const Result<Method> method = look_up(name);
  if (!method.ok()) return method.status();
  return &known_.try_emplace(std::move(key), *method).first->second;
}

Result<std::string_view> Methods::service_of(std::string_view name) const {
  const auto renamed = names_.find(name);
  if (renamed != names_.end()) return std::string_view(renamed->second);
  std::string_view found;
  for (const ServiceDescriptor* const service : dispatcher_.services()) {
    if (service->name == name) return service->name;
    if (without_package(service->name) != name) continue;
    if (!found.empty()) {
      return unimplemented("the service " + shown(name) + " may be " + std::string(found) + " or " +
                           std::string(service->name) + ": use its full name");
    }
    found = service->name;
  }
  return found.empty() ? Result<std::string_view>(no_service(name)) : found;
}

Result<Method> Methods::look_up(std::string_view name) const {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) {
    return unimplemented("the method " + shown(name) + " does not have the form Service.Method");
  }
  const Result<std::string_view> service = service_of(name.substr(0, dot));
  if (!service.ok()) return service.status();
  const std::string path =
      "/" + std::string(*service) + "/" + std::string(name.substr(dot + 1, kLongestShown));
  const rpc::Route* const route = dispatcher_.find(path);
  if (route == nullptr) {
    return unimplemented("there is no method " + shown(name.substr(dot + 1)) + " in " +
                         std::string(*service));
  }
  if (route->method->kind != MethodKind::Unary) return streams(*route->method);
  const ServiceDescriptor& of = route->service->descriptor();
  const pb::FileDescriptor* const file = of.file == nullptr ? nullptr : of.file();
  const pb::ServiceDescriptor* const declared =
      file == nullptr ? nullptr : file->FindServiceByName(std::string(without_package(of.name)));
  const pb::MethodDescriptor* const method =
      declared == nullptr ? nullptr : declared->FindMethodByName(std::string(route->method->name));
  if (method == nullptr) {
    return unimplemented("the service " + std::string(of.name) +
                         " was not made by weft_proto(), so its messages are not known");
  }
  const Result<MessageTypes> types = types_of(*method);
  if (!types.ok()) return types.status();
  return Method{.route = route, .types = *types};
}

Result<MessageTypes> types_of(std::string_view service, std::string_view method) {
  const std::string name = std::string(service) + "." + std::string(method);
  const auto* const found = pb::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (found == nullptr) {
    return unimplemented("the program has no generated code of " + name +
                         ", so its messages are not known");
  }
  if (found->client_streaming() || found->server_streaming()) {
    return unimplemented(name + " streams, and this protocol has one request and one response");
  }
  return types_of(*found);
}

}  // namespace weft::foreign
