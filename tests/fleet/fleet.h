#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weft/net/sim_loop.h"
#include "weft/rpc/channel.h"

#include "tests/fleet/instance.h"
#include "tests/fleet/registry_host.h"
#include "tests/fleet/timeline.h"

namespace weft::fleet {

/// What a fleet is made of.
struct Plan {
  std::uint64_t seed = 1;
  std::size_t instances = 10;
  std::size_t clients = 20;
  /// Calls per second of each client, at random times.
  double rate = 10;
  Duration timeout = std::chrono::seconds(5);
  ServerOptions server{};
  ChannelOptions channel{};
  /// What a client puts around its calls.
  std::function<void(Channel&)> policies{};
};

/// Instances that announce themselves to a registry, and clients that find them there and call, in
/// virtual time.
class Fleet {
 public:
  explicit Fleet(Plan plan);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  ~Fleet();

  net::SimNetwork& network() noexcept { return network_; }
  RegistryHost& registry() noexcept { return *registry_; }
  std::vector<std::unique_ptr<Instance>>& instances() noexcept { return instances_; }
  Instance& instance(std::size_t i) { return *instances_[i]; }
  /// One more, which is started.
  Instance& add_instance();
  std::string client_name(std::size_t i) const;

  /// Starts the clients, which call until end_load().
  void begin_load();
  void run_for(Duration duration) { network_.run_for(duration); }
  /// Drains an instance and ends its process; time goes on meanwhile.
  void retire(Instance& instance);
  /// No more calls; false when one that was made has not ended within its timeout and a second.
  bool end_load();

  Timeline& timeline() noexcept { return timeline_; }
  /// Calls that reached an instance, with all their attempts.
  std::uint64_t served() const;

 private:
  struct Client;
  std::size_t next_instance_ = 0;
  Plan plan_;
  net::SimNetwork network_;
  Timeline timeline_;
  std::unique_ptr<RegistryHost> registry_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace weft::fleet
