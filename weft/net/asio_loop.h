#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "weft/net/loop.h"

namespace weft::net {

namespace internal {
class AresResolver;
}

/// The loop of life, on a Boost.Asio io_context: TCP, Unix sockets, streams in memory, DNS.
///
/// Either it owns its io_context, which one thread runs through run(); or it lives on a program's
/// own, which that program runs, with one thread. It must be destroyed before that context.
class AsioLoop final : public Loop {
 public:
  AsioLoop();
  explicit AsioLoop(boost::asio::io_context& context);
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() override;

  boost::asio::io_context& context() noexcept { return context_; }

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
  Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port) override;

 private:
  AsioLoop(boost::asio::io_context* context, bool own);
  void request_turn() noexcept override;
  void rearm(TimePoint when) noexcept override;
  void take_posted() noexcept;
  void run_timers() noexcept;
  internal::AresResolver& resolver();

  struct Wake;

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
  std::unique_ptr<internal::AresResolver> resolver_;
};

}  // namespace weft::net
