#pragma once

#include <memory>
#include <string>

#include "weft/net/sim_loop.h"
#include "weft/registry/server/registry_service.h"
#include "weft/rpc/server.h"

namespace weft::fleet {

/// `weft registry` on the host "registry".
class RegistryHost {
 public:
  explicit RegistryHost(net::SimNetwork& network);
  RegistryHost(const RegistryHost&) = delete;
  RegistryHost& operator=(const RegistryHost&) = delete;
  ~RegistryHost();

  static std::string target() { return "weft://registry:7070/work"; }
  std::size_t instances() const { return service_ ? service_->instances() : 0; }

  void start();
  /// As SIGKILL; what was committed is there at the next start(), which is in a later turn.
  void crash();
  bool running() const noexcept { return server_ != nullptr; }

 private:
  net::SimNetwork& network_;
  net::SimLoop& host_;
  std::shared_ptr<registry::MemoryStore> store_;
  std::unique_ptr<registry::RegistryService> service_;
  std::unique_ptr<Server> server_;
};

}  // namespace weft::fleet
