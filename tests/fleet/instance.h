#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weft/net/sim_loop.h"
#include "weft/rpc/server.h"

namespace weft::fleet {

/// How an instance works. May be changed while it does.
struct Behaviour {
  /// What a call waits for (a disk, another service): any number at the same time. Uniform.
  Duration shortest = std::chrono::milliseconds(5);
  Duration longest = std::chrono::milliseconds(15);
  /// What it computes, one call after the other.
  Duration computes{};
  /// Times all of that.
  double slowness = 1;
};

/// A server process on a host of its own, which is started, drained and killed. Its port is 1.
class Instance {
 public:
  /// `announce`: the registry's target, or empty.
  Instance(net::SimNetwork& network, std::string host, std::string announce, ServerOptions options);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  const std::string& name() const noexcept { return name_; }
  Behaviour& behaviour() noexcept { return behaviour_; }
  bool running() const noexcept { return server_ != nullptr; }
  /// What it was told to by stop().
  bool has_stopped() const noexcept { return stopping_ && stop_.done(); }

  void start();
  /// As SIGTERM: it drains, and is gone when what it had is done.
  void stop();
  /// As SIGKILL, or the power switch.
  void crash();

  /// Calls that reached it, over all its lives.
  std::uint64_t served() const noexcept { return served_; }
  /// Those under way now.
  std::size_t under_way() const noexcept { return under_way_; }

 private:
  class Worker;

  net::SimNetwork& network_;
  net::SimLoop& host_;
  std::string name_;
  std::string announce_;
  ServerOptions options_;
  Behaviour behaviour_;
  std::uint64_t served_ = 0;
  std::size_t under_way_ = 0;
  std::unique_ptr<Server> server_;
  bool stopping_ = false;
  Task<> stop_;
};

}  // namespace weft::fleet
