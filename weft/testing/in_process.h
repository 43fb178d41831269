#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

namespace weft::testing {

/// A server and a channel to it in one thread: two hosts of a simulated network, "server" and
/// "client", in virtual time. No socket is opened and no real time passes, and what happens is
/// repeated exactly by its seed.
///
///     weft::testing::InProcess world;
///     world.add<Greeter>();
///     hello::GreeterClient greeter{world.channel()};
///     Result<hello::HelloReply> reply = world.run(greeter.SayHello(request, {.timeout = 1s}));
///
/// The server starts with the first channel(), so services and middleware are added before;
/// Server::add() ends the program with a message after it. At the end the calls that are left are
/// cancelled.
class InProcess {
 public:
  struct Options {
    std::uint64_t seed = 1;
    /// How the network between the two behaves; by default half a millisecond each way.
    net::SimLink link{};
    /// `listen` and `loops` are set by this class.
    ServerOptions server{};
    ChannelOptions channel{};
  };
  static constexpr std::uint16_t kPort = 50051;

  InProcess() : InProcess(Options{}) {}
  explicit InProcess(Options options);
  InProcess(const InProcess&) = delete;
  InProcess& operator=(const InProcess&) = delete;
  ~InProcess();

  /// To be set up before the first channel().
  Server& server() noexcept { return *server_; }
  template <class T, class... Args>
  T& add(Args&&... args) {
    return server_->add<T>(std::forward<Args>(args)...);
  }
  /// Starts the server where it does not run yet; DidNotHappen with the reason when it cannot.
  void start();
  /// The channel to the server; starts both where they are not there yet.
  Channel& channel();
  /// Destroys the channel and the calls that it has under way.
  void drop_channel() noexcept { channel_.reset(); }

  net::SimNetwork& network() noexcept { return network_; }
  net::SimLoop& server_host() noexcept { return network_.host("server"); }
  net::SimLoop& client_host() noexcept { return network_.host("client"); }
  TimePoint now() const noexcept { return network_.now(); }

  /// Runs a task on the client's host until it ends; see testing::run().
  template <class T>
  T run(Task<T> task, Duration limit = std::chrono::hours(1), Context* context = nullptr) {
    return testing::run(client_host(), std::move(task), limit, context);
  }
  /// Lets that much virtual time pass.
  void run_for(Duration duration) { network_.run_for(duration); }

 private:
  Options options_;
  net::SimNetwork network_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
  bool started_ = false;
};

}  // namespace weft::testing
