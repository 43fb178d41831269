#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/service.h"

namespace weft {

/// Whether a service takes calls; values are grpc.health.v1's.
enum class ServingStatus : std::uint8_t {
  Unknown = 0,
  Serving = 1,
  NotServing = 2,
  ServiceUnknown = 3,  ///< nobody has said anything about a service of that name
};

/// "SERVING", "NOT_SERVING" ... as grpc.health.v1 spells them.
std::string_view name_of(ServingStatus status) noexcept;

/// What a server says of its services to those who ask by grpc.health.v1 (gRPC's
/// doc/health-checking.md). The empty name is the server as a whole, SERVING from the start. Every
/// function may be called from any thread.
class HealthRegistry {
 public:
  HealthRegistry();
  HealthRegistry(const HealthRegistry&) = delete;
  HealthRegistry& operator=(const HealthRegistry&) = delete;
  ~HealthRegistry();

  /// Watchers are told on their own loops. Changes that follow each other faster than a watcher
  /// reads are told as the last one. ServiceUnknown forgets the service. Without effect after
  /// shutdown().
  void set(std::string_view service, ServingStatus status);
  /// For a drain: everything is NOT_SERVING from now on, whatever set() says, and watches end once
  /// they have told that.
  void shutdown();

  /// ServiceUnknown where nothing was set.
  ServingStatus get(std::string_view service) const;
  /// All services in order of name. RESOURCE_EXHAUSTED naming both numbers when there are more than
  /// `limit`.
  Result<std::vector<std::pair<std::string, ServingStatus>>> list(std::size_t limit) const;

 private:
  friend class HealthWatch;
  struct Watcher;
  struct Entry {
    ServingStatus status = ServingStatus::ServiceUnknown;
    std::vector<std::shared_ptr<Watcher>> watchers;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  static void tell(Entry& entry);

  mutable std::mutex mutex_;
  Entries entries_;
  bool shut_down_ = false;
};

/// Follows the status of one service; lives in a coroutine on a loop and is used on its thread
/// only.
class HealthWatch {
 public:
  /// Only on a loop's thread.
  HealthWatch(std::shared_ptr<HealthRegistry> registry, std::string_view service);
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;
  ~HealthWatch();

  /// At first the status as it is, then, each time, the next one that differs from the last.
  /// UNAVAILABLE when the registry was shut down and the last status has been given. Otherwise why
  /// the awaiting coroutine's context was cancelled.
  Task<Result<ServingStatus>> next();

 private:
  struct Current {
    ServingStatus status;
    bool final;
  };
  Current current() const;

  std::shared_ptr<HealthRegistry> registry_;
  std::string service_;
  std::shared_ptr<HealthRegistry::Watcher> watcher_;
  std::optional<ServingStatus> last_;
};

/// Services that a List answers with at most; more is RESOURCE_EXHAUSTED.
inline constexpr std::size_t kMaxHealthList = 100;

/// grpc.health.v1.Health (Check, List, Watch) over `registry`.
std::shared_ptr<ServiceDefinition> make_health_service(std::shared_ptr<HealthRegistry> registry);

}  // namespace weft
