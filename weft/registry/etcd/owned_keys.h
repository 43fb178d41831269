#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"

namespace weft::net {
class Loop;
}  // namespace weft::net

namespace weft::registry {

class EtcdClient;

/// Keys of etcd of which each has one owner at a time, as long as its lease is renewed. What locks
/// on etcd stand on: the key's create revision is greater than that of each owner before. A handle
/// to copy; its Tasks run on the loop that it was made for.
class OwnedKeys {
 public:
  /// `etcd://host:2379[,...]/prefix[?options]`, as for finding instances
  /// (docs/reference/targets.md); keys lie below the prefix. INVALID_ARGUMENT for another target.
  static Result<OwnedKeys> at(net::Loop& loop, std::string_view target);

  struct Owner {
    std::string name;
    std::int64_t revision = 0;  ///< the key's create revision
    Duration left{};            ///< of its lease, by etcd's clock, in whole seconds
  };
  struct Attempt {
    std::int64_t revision = 0;  ///< 0: another owns the key
    std::string owner{};        ///< the other
  };
  /// Makes the key with a lease where there is none; `lease` is rounded up to seconds, and etcd has
  /// a least lease (2 s by default). Gives the lease back where the outcome is not known, or the
  /// caller is cancelled.
  Task<Result<Attempt>> take(std::string key, std::string owner, Duration lease) const;
  /// Makes the lease last its whole time again. False where the key is not that of `revision`.
  Task<Result<bool>> renew(std::string key, std::int64_t revision) const;
  /// Removes the key of `revision`; OK where there is none.
  Task<Status> release(std::string key, std::int64_t revision) const;
  Task<Result<std::optional<Owner>>> find(std::string key) const;

 private:
  explicit OwnedKeys(std::shared_ptr<EtcdClient> client) : client_(std::move(client)) {}
  std::shared_ptr<EtcdClient> client_;
};

}  // namespace weft::registry
