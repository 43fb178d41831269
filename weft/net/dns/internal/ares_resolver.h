#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "weft/coro/task.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/timer.h"

struct ares_channeldata;

namespace weft::net::internal {

/// c-ares on a loop: its sockets are watched by the loop, its timeouts are a Timer. For the loop's
/// thread.
class AresResolver : private Timer {
 public:
  explicit AresResolver(AsioLoop& loop);
  ~AresResolver();

  AsioLoop& loop() const noexcept { return loop_; }
  Status set_servers(std::string_view servers);
  /// Calls `lookup.finish` once, perhaps before this returns.
  struct Lookup;
  void start(const DnsQuestion& question, Lookup* lookup);

 private:
  struct Watch;
  static void socket_state(void* self, int fd, int readable, int writable);
  static void timed_out(Timer& timer) noexcept;
  Status open();
  void process(int readable_fd, int writable_fd) noexcept;
  void rearm_timer() noexcept;

  AsioLoop& loop_;
  ares_channeldata* channel_ = nullptr;
  Status opened_;
  std::map<int, std::unique_ptr<Watch>> watches_;
};

/// Literals are answered at once, other hosts from /etc/hosts and DNS.
Task<Result<DnsAnswer>> look_up_name(AresResolver& resolver, DnsQuestion question);

}  // namespace weft::net::internal
