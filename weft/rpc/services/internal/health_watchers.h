#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "weft/base/intrusive_list.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/services/health.h"

namespace weft::rpc {

class WatchedHealth;

/// A HealthRegistry's watches on one loop, by service. A change of status reaches a loop as one
/// piece of posted work, which then wakes a batch of the watches in each turn, so that many watches
/// keep neither the loop nor the registry's mutex for long. To begin and to end a watch takes
/// constant time, whatever the number of others.
///
/// It exists while it has watches. Used on its loop's thread, unless a comment says otherwise.
class HealthWatchers : public std::enable_shared_from_this<HealthWatchers> {
 public:
  /// Watches that are woken in one turn: as much as 64 small responses.
  static constexpr std::size_t kBatch = 64;

  HealthWatchers(HealthRegistry& registry, net::Loop& loop)
      : registry_(registry), anchor_(loop.anchor()), loop_(loop) {}

  /// The current loop's, made where it has none.
  static std::shared_ptr<HealthWatchers> here(HealthRegistry& registry);

  /// From any thread, with the registry's mutex: the status of `service` is another.
  void note_change(const std::string& service);
  /// From any thread, with the registry's mutex: there is something new for this loop.
  void post();

 private:
  friend class WatchedHealth;
  struct Service {
    ServingStatus status = ServingStatus::ServiceUnknown;
    IntrusiveList<WatchedHealth> watches;  // those that are not due
    std::size_t count = 0;
  };
  using Services = std::map<std::string, Service, std::less<>>;

  /// RESOURCE_EXHAUSTED where the connection has too many watches.
  Status admit(const Peer* connection);
  void begin(WatchedHealth& watch, std::string_view service);
  void end(WatchedHealth& watch) noexcept;

  void take_changes();
  void end_all();
  void change(Service& service, ServingStatus status);
  void wake_some();

  HealthRegistry& registry_;  // there as long as there are watches
  const std::shared_ptr<net::LoopAnchor> anchor_;
  net::Loop& loop_;
  Services services_;
  IntrusiveList<WatchedHealth> due_;
  std::unordered_map<const Peer*, std::size_t> of_connection_;
  bool shut_down_ = false;
  bool waking_ = false;  // wake_some() was posted

  // With the registry's mutex: what this loop has not been told yet.
  std::set<std::string> changed_;
  bool posted_ = false;
};

/// A watch of one service's health; lives in a coroutine on a loop and is used on its thread only.
class WatchedHealth : public ListNode {
 public:
  /// Only on a loop's thread. `connection` is counted as one with so many watches; null: none is.
  WatchedHealth(std::shared_ptr<HealthRegistry> registry, std::string_view service,
                Peer::Ref connection = {});
  WatchedHealth(const WatchedHealth&) = delete;
  WatchedHealth& operator=(const WatchedHealth&) = delete;
  ~WatchedHealth();

  /// First the status now, then, each time, the next one that differs from the last.
  /// RESOURCE_EXHAUSTED where there are too many watches. UNAVAILABLE when the registry was shut
  /// down and the last status has been given. Otherwise why the awaiting coroutine's context was
  /// cancelled.
  Task<Result<ServingStatus>> next();

 private:
  friend class HealthWatchers;

  std::shared_ptr<HealthRegistry> registry_;
  std::shared_ptr<HealthWatchers> watchers_;
  Peer::Ref connection_;
  Status refused_;
  HealthWatchers::Services::iterator service_;  // unless it was refused
  net::Wait* waiting_ = nullptr;
  std::optional<ServingStatus> last_;
};

}  // namespace weft::rpc
