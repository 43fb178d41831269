#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/net/loop/internal/poller.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/loop_options.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace weft::net {

namespace internal {
class AresResolver;
class Descriptor;
class TakeOver;
}  // namespace internal

/// The production loop, on epoll: TCP, Unix sockets, streams in memory, DNS, and operations of
/// Boost.Asio's (record 9).
///
/// Either one thread runs it, through run(); or it lives on a program's io_context, which that
/// program runs, with one thread. It must be destroyed before that context.
class AsioLoop final : public Loop, private internal::EventTarget {
 public:
  explicit AsioLoop(const LoopOptions& options = {});
  /// On a program's own context; there it cannot be taken over and cannot spin.
  explicit AsioLoop(boost::asio::io_context& context);
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() override;

  /// For Asio operations on this loop: the program's context, or one that run() also runs, made on
  /// first use. On the loop's thread, or before that runs.
  boost::asio::io_context& context();

  /// Runs `item` soon; from any thread. On the loop's own thread this is a turn, at once.
  void resume(Runnable& item) noexcept;

  /// Asks these name servers ("127.0.0.1:53,[::1]:53") instead of those of /etc/resolv.conf.
  /// INVALID_ARGUMENT when they cannot be read. Lookups under way end as UNAVAILABLE.
  Status set_name_servers(std::string_view servers);

  TimePoint now() const noexcept override;
  using Loop::post;
  void post(Runnable& item) noexcept override;
  void run() override;
  /// Makes run() return. On a program's context it only lets go: that context's run() may then
  /// return when nothing else is left to do.
  void stop() noexcept override;

  Result<std::unique_ptr<Listener>> listen(const Address& address, const ListenOptions& options,
                                           AcceptHandler handler) override;
  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override;
  Task<Result<DnsAnswer>> look_up(DnsQuestion question) override;

 private:
  friend class internal::Descriptor;
  friend class internal::TakeOver;
  class Asio;

  AsioLoop(boost::asio::io_context* program, const LoopOptions& options);
  void request_turn() noexcept override;
  void rejoin() noexcept override;
  void user_code_begins() noexcept override;
  void rearm(TimePoint when) noexcept override;
  /// The timer has expired.
  void on_events(std::uint32_t events) noexcept override;

  /// One turn of a loop with a thread of its own, which may wait for events; false when it has been
  /// stopped.
  bool take_turn();
  void wait_for_events();
  void sleep();
  bool fetch_events(internal::Poller::Block block);
  void wake_if_asleep() noexcept;
  void events_arrived();
  void watch_events();
  bool has_let_go() const noexcept;
  /// The rest of a turn that this thread has taken from another.
  void go_on_with_turn() noexcept { finish_turn(Turn::Place::AtTop); }
  bool on_own_thread() const noexcept;
  bool take_posted() noexcept;
  /// The one that asks `servers`; where that is empty, the system's or those that were set.
  Result<internal::AresResolver*> resolver(const std::string& servers);

  internal::Poller& poller() noexcept { return poller_; }
  /// An error number, or 0.
  int watch(int fd, std::uint32_t events, internal::EventTarget& target) noexcept;
  void unwatch(int fd, internal::EventTarget& target) noexcept;

  const LoopOptions options_;
  const bool on_programs_context_;
  internal::Poller poller_;
  // What other threads posted, newest first.
  std::atomic<Runnable*> posted_{nullptr};
  // Waits for events, or is about to: a post has to wake it.
  std::atomic<bool> asleep_{false};
  std::atomic<bool> stopped_{false};
  bool turn_wanted_ = false;
  bool took_posted_ = false;  // in the last turn
  TimePoint spin_until_{};
  // Of the descriptor that had an event last; it may have been closed since.
  int last_active_ = -1;
  // Null until Asio is used here.
  std::unique_ptr<Asio> asio_;
  // By the name servers that they ask.
  std::map<std::string, std::unique_ptr<internal::AresResolver>> resolvers_;
  // Null where it cannot be taken over.
  std::shared_ptr<internal::TakeOver> take_over_;
};

}  // namespace weft::net
