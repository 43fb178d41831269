#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "weft/net/internal/handler_memory.h"
#include "weft/net/loop.h"
#include "weft/net/loop_options.h"

namespace weft::net {

namespace internal {
class AresResolver;
class TakeOver;
}  // namespace internal

/// The loop of life, on a Boost.Asio io_context: TCP, Unix sockets, streams in memory, DNS.
///
/// Either it owns its io_context, which one thread runs through run(); or it lives on a program's
/// own, which that program runs, with one thread. It must be destroyed before that context.
class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(const LoopOptions& options = {});
  /// On a program's own context; there it can neither be taken over nor spin.
  explicit AsioLoop(boost::asio::io_context& context);
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() override;

  boost::asio::io_context& context() noexcept {
    leave_user_code();
    return context_;
  }

  /// Runs `item` soon; from any thread. On the loop's own thread this is a turn, at once.
  void resume(Runnable& item) noexcept;

  /// Asks these name servers ("127.0.0.1:53,[::1]:53") instead of those of /etc/resolv.conf.
  /// INVALID_ARGUMENT when they cannot be read. Lookups under way end as UNAVAILABLE.
  Status set_name_servers(std::string_view servers);

  TimePoint now() const noexcept override;
  using Loop::post;
  void post(Runnable& item) noexcept override;
  void run() override;
  /// With a context of its own, makes run() return. On a program's context it only lets go: that
  /// context's run() may then return when nothing else is left to do.
  void stop() noexcept override;

  Result<std::unique_ptr<Listener>> listen(const Address& address, const ListenOptions& options,
                                           AcceptHandler handler) override;
  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override;
  Task<Result<DnsAnswer>> look_up(DnsQuestion question) override;

 private:
  friend class internal::TakeOver;
  AsioLoop(boost::asio::io_context* context, bool own, const LoopOptions& options);
  void request_turn() noexcept override;
  void rejoin() noexcept override;
  void user_code_begins() noexcept override;
  /// One turn of a context of its own, which may wait for events; false when it has been stopped.
  bool take_turn();
  bool run_one_event();
  /// The rest of a turn that this thread has taken from another.
  void go_on_with_turn() noexcept { finish_turn(Turn::Place::AtTop); }
  bool on_own_thread() const noexcept;
  void rearm(TimePoint when) noexcept override;
  void take_posted() noexcept;
  void run_timers() noexcept;
  /// The one that asks `servers`; where that is empty, the system's or those that were set.
  Result<internal::AresResolver*> resolver(const std::string& servers);

  struct Wake;
  struct OwnWake;

  const LoopOptions options_;
  // For the handlers of a context of its own, so they go after it. posted_memory_ belongs to who
  // finds posted_ empty, until it is emptied again.
  internal::HandlerMemory posted_memory_;
  internal::HandlerMemory turn_memory_;
  internal::HandlerMemory timer_memory_;
  // Null on a program's own context.
  std::unique_ptr<boost::asio::io_context> own_;
  boost::asio::io_context& context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  // What other threads posted, newest first.
  std::atomic<Runnable*> posted_{nullptr};
  // By the name servers that they ask.
  std::map<std::string, std::unique_ptr<internal::AresResolver>> resolvers_;
  // Null where it cannot be taken over.
  std::shared_ptr<internal::TakeOver> take_over_;
  TimePoint spin_until_{};
};

}  // namespace weft::net
