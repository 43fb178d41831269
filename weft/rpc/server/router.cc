#include "weft/rpc/server/router.h"

#include <string>
#include <utility>

namespace weft::rpc {

[[gnu::cold]] Status Router::add(std::shared_ptr<ServiceDefinition> service) {
  const ServiceDescriptor& descriptor = service->descriptor();
  for (const auto& known : services_) {
    if (known->descriptor().name == descriptor.name) {
      return already_exists("service " + std::string(descriptor.name) + " was added twice");
    }
  }
  const bool vital = descriptor.name.starts_with("grpc.health.") ||
                     descriptor.name.starts_with("grpc.reflection.");
  for (std::size_t i = 0; i < descriptor.methods.size(); ++i) {
    const MethodDescriptor& method = descriptor.methods[i];
    routes_.emplace(method.path,
                    Route{service.get(), i, &method, vital, service->max_request_size()});
  }
  services_.push_back(std::move(service));
  return {};
}

[[gnu::cold]] Status Router::not_found(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash == 0) {
    return unimplemented("path '" + std::string(path.substr(0, 256)) +
                         "' is not of the form /package.Service/Method");
  }
  const std::string_view service = path.substr(1, slash - 1);
  for (const auto& known : services_) {
    const ServiceDescriptor& descriptor = known->descriptor();
    if (descriptor.name != service) continue;
    std::string message = "service " + std::string(service) + " has no method '" +
                          std::string(path.substr(slash + 1, 256)) + "'; it has";
    for (const MethodDescriptor& method : descriptor.methods)
      message.append(" ").append(method.name);
    return unimplemented(message);
  }
  return unimplemented("no service '" + std::string(service.substr(0, 256)) + "' here");
}

}  // namespace weft::rpc
