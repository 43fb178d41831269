#include "weft/messaging/events/internal/event_methods.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/descriptor.h>

namespace weft::messaging::internal {
namespace {

namespace pb = google::protobuf;

bool is_one_way(const pb::MethodDescriptor& method) {
  return !method.client_streaming() && !method.server_streaming() &&
         method.output_type()->full_name() == "google.protobuf.Empty";
}

const pb::MethodDescriptor* find_method(const ServiceDescriptor& service, std::string_view name) {
  const pb::FileDescriptor* const file = service.file == nullptr ? nullptr : service.file();
  if (file == nullptr) return nullptr;
  const pb::ServiceDescriptor* const found =
      file->pool()->FindServiceByName(std::string(service.name));
  return found == nullptr ? nullptr : found->FindMethodByName(std::string(name));
}

}  // namespace

Result<EventMethods> EventMethods::of(std::span<const ServiceDescriptor* const> services) {
  EventMethods all;
  for (const ServiceDescriptor* const service : services) {
    for (const MethodDescriptor& method : service->methods) {
      const pb::MethodDescriptor* const found = find_method(*service, method.name);
      if (found == nullptr || !is_one_way(*found)) continue;
      Status added = all.add(std::string(found->input_type()->full_name()), method);
      if (!added.ok()) return added;
    }
  }
  if (all.methods_.empty()) {
    return failed_precondition(
        "no service takes events: their methods are unary and return google.protobuf.Empty");
  }
  return all;
}

Status EventMethods::add(std::string type, const MethodDescriptor& method) {
  const auto [found, fresh] = methods_.emplace(std::move(type), &method);
  if (fresh) return {};
  return failed_precondition("events of " + found->first + " are taken by two methods: " +
                             std::string(found->second->path) + " and " + std::string(method.path));
}

Result<std::string> event_type_of(std::string_view path) {
  // "/shop.OrderEvents/Paid" is "shop.OrderEvents.Paid" for protobuf.
  std::string name(path.empty() ? path : path.substr(1));
  std::ranges::replace(name, '/', '.');
  const pb::MethodDescriptor* const method =
      pb::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (method == nullptr || !is_one_way(*method)) {
    return failed_precondition(std::string(path) +
                               " cannot publish an event: it is not unary, or does not return "
                               "google.protobuf.Empty");
  }
  return std::string(method->input_type()->full_name());
}

}  // namespace weft::messaging::internal
