#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/base/status.h"
#include "weft/rpc/call/service.h"

namespace weft::rpc {

/// Finds the method of a path. Filled before the server starts, then only read, by all loops.
class Router {
 public:
  struct Route {
    ServiceDefinition* service;
    std::size_t index;
    const MethodDescriptor* method;
    /// Answers even when the server is overloaded: health checks and reflection, by which others
    /// find out about it.
    bool vital = false;
    /// ServiceDefinition::max_request_size().
    std::size_t max_request_size = SIZE_MAX;
  };

  /// ALREADY_EXISTS when a service of that name is there.
  Status add(std::shared_ptr<ServiceDefinition> service);
  /// Null when nobody serves the path; not_found() then says what is wrong with it.
  const Route* find(std::string_view path) const noexcept {
    const auto found = routes_.find(path);
    return found == routes_.end() ? nullptr : &found->second;
  }
  /// UNIMPLEMENTED: no such service, or no such method of it with the methods there are.
  Status not_found(std::string_view path) const;
  const std::vector<std::shared_ptr<ServiceDefinition>>& services() const noexcept {
    return services_;
  }

 private:
  std::vector<std::shared_ptr<ServiceDefinition>> services_;
  // Keys are the descriptors' paths, which are static.
  std::unordered_map<std::string_view, Route> routes_;
};

}  // namespace weft::rpc
