#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weft/coro/all.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/server/registry_service.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::registry::test {

/// A registry on a host of a simulated network, listening on port 7070, that can be restarted.
class SimRegistry {
 public:
  SimRegistry(net::SimNetwork& network, const std::string& host, RegistryOptions options = {})
      : options_(options), host_(network.host(host)) {
    start();
  }
  ~SimRegistry() {
    kill();
    // What was cancelled ends in turns of the loop.
    host_.network().run_for(std::chrono::seconds(1));
  }

  void start() {
    Result<RegistryService> made = RegistryService::open(store_, options_);
    if (!made.ok()) throw std::runtime_error(made.status().to_string());
    service_ = std::make_unique<RegistryService>(std::move(*made));
    ServerOptions options;
    options.listen = ":7070";
    options.loops = {&host_};
    server_ = std::make_unique<Server>(std::move(options));
    server_->add(service_->definition());
    host_.network().set_down(host_.name(), false);
    host_.enter([this] {
      const Status status = server_->start();
      if (!status.ok()) throw std::runtime_error(status.to_string());
    });
  }
  /// As the power switch would.
  void kill() {
    if (server_ == nullptr) return;
    host_.network().set_down(host_.name(), true);
    server_.reset();
    service_.reset();
  }
  Server& server() noexcept { return *server_; }
  RegistryService& service() noexcept { return *service_; }
  MemoryStore& store() noexcept { return *store_; }
  /// With its data lost.
  void replace_store() { store_ = make_memory_store(); }
  net::SimLoop& host() noexcept { return host_; }

 private:
  RegistryOptions options_;
  net::SimLoop& host_;
  std::shared_ptr<MemoryStore> store_ = make_memory_store();
  std::unique_ptr<RegistryService> service_;
  std::unique_ptr<Server> server_;
};

}  // namespace weft::registry::test
