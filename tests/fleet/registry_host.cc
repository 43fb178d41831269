#include "tests/fleet/registry_host.h"

#include <stdexcept>
#include <utility>

namespace weft::fleet {

RegistryHost::RegistryHost(net::SimNetwork& network)
    : network_(network), host_(network.host("registry")), store_(registry::make_memory_store()) {
  start();
}

RegistryHost::~RegistryHost() { crash(); }

void RegistryHost::start() {
  network_.set_down(host_.name(), false);
  Result<registry::RegistryService> opened = registry::RegistryService::open(store_);
  if (!opened.ok()) throw std::runtime_error(opened.status().to_string());
  service_ = std::make_unique<registry::RegistryService>(std::move(*opened));
  server_ = std::make_unique<Server>(ServerOptions{.listen = ":7070", .loops = {&host_}});
  server_->add(service_->definition());
  host_.enter([this] {
    const Status status = server_->start();
    if (!status.ok()) throw std::runtime_error(status.to_string());
  });
}

void RegistryHost::crash() {
  if (server_ == nullptr) return;
  network_.set_down(host_.name(), true);
  server_.reset();
  service_.reset();
}

}  // namespace weft::fleet
