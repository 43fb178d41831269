#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weft/net/loop/latch.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/announce/internal/announcement.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/server.h"
#include "weft/rpc/server/socket/internal/socket_transport.h"
#include "weft/rpc/server/transport.h"
#include "weft/rpc/services/health.h"

namespace weft {

/// What a Server is made of. How it begins is in server.cc, how it ends in server_stop.cc.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  explicit Impl(ServerOptions options);
  ~Impl() { end_threads(); }

  void use(Middleware middleware);
  void add(std::shared_ptr<ServiceDefinition> service);
  void add(std::shared_ptr<const Codec> codec);
  void add(std::unique_ptr<rpc::Transport> transport);
  void add(std::shared_ptr<Observer> observer);
  void set_fallback(std::shared_ptr<Service> service);
  void listen(std::string target);
  Status start();
  Status reload_tls();
  const std::vector<net::Address>& addresses() const noexcept { return sockets_->addresses(); }
  rpc::ServerShared& shared() noexcept { return *shared_; }
  HealthRegistry& health() noexcept { return *shared_->health; }
  std::size_t active_calls() const noexcept;

  void stop(Duration grace);
  /// Keeps the server until it has ended.
  static Task<> shutdown(std::shared_ptr<Impl> server, Duration grace);
  /// The first step of a stop: no more connections, those there are drain.
  void drain();
  /// The second: what has not ended by now is cancelled.
  void cancel_all();
  void when_stopped(UniqueFunction<void()> function);
  bool wait_stopped(Duration time);

  /// Ends the program where the server has been started: nothing would come of `function`.
  void refuse_late(std::string_view function, std::string_view what);

 private:
  enum class State : std::uint8_t { New, Running, Stopping, Stopped };
  class DetachedStop;
  struct Part {
    std::unique_ptr<rpc::Transport> transport;
    bool users = false;    // not one of weft's own
    bool running = false;  // with mutex_
  };

  Status bind();
  Status start_and_announce();
  Status start_transports();
  void take_back(std::size_t first) noexcept;
  Status announce();
  Status route();
  Status take_codecs();
  void make_loops();
  bool own_threads() const noexcept { return shared_->options.loops.empty(); }

  void drain_transports();
  void transport_stopped(std::size_t index);
  /// Started, and has not said that it is idle.
  bool runs(const Part& part);
  /// The third step: says which handlers did not take notice, and counts as stopped without them.
  void report_stuck();
  /// Opens what it returns once `loop`'s thread has said it, which a blocked thread never does.
  std::shared_ptr<net::Latch> report_stuck(net::Loop& loop);
  void report_stuck_users();
  void log_held(const net::Loop& loop) noexcept;
  void set_stopped();
  bool has_stopped();
  void end_threads();
  /// Whether this thread is one that the stop needs.
  bool on_own_loop() const noexcept;
  /// Goes through the second and the third step when their time has come, by itself.
  void finish_stop(Duration grace);
  Task<bool> wait_stopped(net::Loop& loop, Duration time);

  std::shared_ptr<rpc::ServerShared> shared_;
  std::vector<std::shared_ptr<ServiceDefinition>> services_;
  std::vector<std::shared_ptr<const Codec>> codecs_;
  std::vector<Part> transports_;   // not changed once it runs
  rpc::SocketTransport* sockets_;  // the first of them; it is started last, and only with addresses
  std::vector<std::unique_ptr<net::LoopThread>> threads_;
  std::vector<net::Loop*> loops_;
  std::shared_ptr<rpc::Announcement> announcement_;  // of the first loop; null without registries

  std::mutex ending_;  // held while the threads are joined
  std::mutex mutex_;
  State state_ = State::New;            // with mutex_
  std::size_t transports_running_ = 0;  // with mutex_
  std::set<const net::Loop*> held_;     // with mutex_; logged as that
  net::Latch stopped_;                  // opens when state_ becomes Stopped after Running
};

}  // namespace weft
