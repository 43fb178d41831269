#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/registry/server/store.h"
#include "weft/rpc/call/service.h"

namespace weft::registry {

/// How a registry behaves. Beyond a limit a call fails with RESOURCE_EXHAUSTED naming it.
struct RegistryOptions {
  /// What a lease holds that asks for no time, and what one may ask for.
  Duration default_ttl = std::chrono::seconds(10);
  Duration min_ttl = std::chrono::seconds(1);
  Duration max_ttl = std::chrono::hours(1);
  /// What leases hold beyond their time after a restart, so that their owners notice that the
  /// registry is back before it drops them.
  Duration restart_grace = std::chrono::seconds(10);
  /// A watch is never silent for longer.
  Duration heartbeat = std::chrono::seconds(5);

  /// Instances in all, and of one client: an IPv4 address, the /64 network of an IPv6 one, or all
  /// that come by Unix sockets. Behind a proxy all clients are one.
  std::size_t max_instances = 100'000;
  std::size_t max_instances_per_client = 10'000;
  /// Bytes of memory that instances and their leases take, including instances being registered.
  std::size_t max_memory = 256 * 1024 * 1024;
  std::size_t max_memory_per_client = 32 * 1024 * 1024;
  /// Bytes of an instance with its addresses and attributes; attributes of an instance, and bytes
  /// of their names and values.
  std::size_t max_instance_size = 16 * 1024;
  std::size_t max_attributes = 64;
  std::size_t max_attribute_name = 128;
  std::size_t max_attribute_value = 4096;
  std::size_t max_watches = 20'000;
  std::size_t max_watches_per_client = 2'000;
  /// Changes that are kept, for watches that resume, and bytes of memory that they take.
  std::size_t history = 10'000;
  std::size_t max_history_memory = 32 * 1024 * 1024;
};

/// weft's registry: a service like any other, to be added to a server of one thread
/// (ServerOptions::threads), whose loop it makes its own with the first call.
///
///     auto registry = RegistryService::open("/var/lib/weft/registry.db");
///     if (!registry.ok()) ...
///     weft::Server server{{.listen = "127.0.0.1:7070"}};
///     server.add(registry->definition());
///
/// Instances are listed once they are committed to the store; reading and keeping alive do not
/// touch it. docs/reference/registry.md says what survives what.
class RegistryService {
 public:
  /// With its data in a SQLite file (open_sqlite_store()).
  static Result<RegistryService> open(const std::string& path, RegistryOptions options = {});
  /// With a store of the caller's; several services must not use one at the same time.
  static Result<RegistryService> open(std::shared_ptr<Store> store, RegistryOptions options = {});

  /// For Server::add().
  std::shared_ptr<ServiceDefinition> definition() const;

  /// Instances now, on the loop that serves.
  std::size_t instances() const noexcept;
  std::size_t watches() const noexcept;

 private:
  class Impl;
  explicit RegistryService(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace weft::registry
