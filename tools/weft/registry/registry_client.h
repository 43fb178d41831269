#pragma once

#include <memory>
#include <string>

#include "weft/coro/task.h"
#include "weft/rpc/client/channel.h"

#include "tools/weft/connection_flags.h"

namespace weft::cli {

/// What `weft registry list` and `watch` are given.
struct RegistryFlags {
  ConnectionFlags connection;
  std::string service;
  bool json = false;
};

Task<int> list_instances(std::shared_ptr<const RegistryFlags> flags);
Task<int> watch_instances(std::shared_ptr<const RegistryFlags> flags);

/// Whether `target` is a registry as such, weft://host:port/, and no service in it.
bool names_registry(const std::string& target);
/// Lists the services of such a registry, which the flags say how to reach. `flags` must outlive
/// it.
Task<int> list_registry(const ConnectionFlags& flags);

}  // namespace weft::cli
