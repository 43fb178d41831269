#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Whether a service takes calls; values are grpc.health.v1's.
enum class ServingStatus : std::uint8_t {
  Unknown = 0,
  Serving = 1,
  NotServing = 2,
  ServiceUnknown = 3,  ///< no status was set for a service of that name
};

/// "SERVING", "NOT_SERVING" ... as grpc.health.v1 spells them.
std::string_view name_of(ServingStatus status) noexcept;

/// Longest name of a service that is kept; one of gRPC's is far shorter. Longer names are answered
/// as unknown.
inline constexpr std::size_t kMaxHealthName = 256;
/// Watches at the same time, of one connection and of the server; more are RESOURCE_EXHAUSTED. A
/// client needs one for each service and channel; a server with many clients has as many.
inline constexpr std::size_t kMaxHealthWatchesPerConnection = 100;
inline constexpr std::size_t kMaxHealthWatches = 100'000;
/// Services that a List answers with at most; more is RESOURCE_EXHAUSTED.
inline constexpr std::size_t kMaxHealthList = 100;

namespace rpc {
class HealthWatchers;
class WatchedHealth;
}  // namespace rpc

/// What a server says about its services to clients that ask by grpc.health.v1 (gRPC's
/// doc/health-checking.md). The empty name is the server as a whole, SERVING from the start. Every
/// function may be called from any thread.
class HealthRegistry {
 public:
  HealthRegistry();
  HealthRegistry(const HealthRegistry&) = delete;
  HealthRegistry& operator=(const HealthRegistry&) = delete;
  ~HealthRegistry();

  /// Watches learn the status on their own loops, some in each turn. A watch that reads more slowly
  /// than the status changes learns the last one. ServiceUnknown forgets the service. No effect
  /// after shutdown(), or, with a line on the log, with a name longer than kMaxHealthName.
  void set(std::string_view service, ServingStatus status);
  /// For a drain: everything is NOT_SERVING from now on, set() changes nothing, and watches end
  /// once they have sent that.
  void shutdown();

  /// ServiceUnknown where nothing was set.
  ServingStatus get(std::string_view service) const;
  /// All services in order of name. RESOURCE_EXHAUSTED naming both numbers when there are more than
  /// `limit`.
  Result<std::vector<std::pair<std::string, ServingStatus>>> list(std::size_t limit) const;

  /// Watches now.
  std::size_t watches() const noexcept { return watches_.load(std::memory_order_relaxed); }

 private:
  friend class rpc::HealthWatchers;
  friend class rpc::WatchedHealth;
  /// With the mutex.
  ServingStatus find(std::string_view service) const;
  /// RESOURCE_EXHAUSTED where there are too many watches; else watch_ended() is due.
  Status count_watch();
  void watch_ended() noexcept { watches_.fetch_sub(1, std::memory_order_relaxed); }

  mutable std::mutex mutex_;
  std::map<std::string, ServingStatus, std::less<>> services_;
  std::vector<std::shared_ptr<rpc::HealthWatchers>> loops_;  // those with watches
  bool shut_down_ = false;
  std::atomic<std::size_t> watches_ = 0;
};

/// grpc.health.v1.Health (Check, List, Watch) over `registry`.
std::shared_ptr<ServiceDefinition> make_health_service(std::shared_ptr<HealthRegistry> registry);

}  // namespace weft
