#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/registry/internal/registry_wire.h"

namespace weft::registry {

/// The instances of a service as a watch tells of them, over the watch's end and over a change of
/// the registry.
///
/// A registry that has lost its data, or another one that is asked instead, may not know instances
/// that are there and will register within their lease's time. So what another store does not name
/// is dropped only when that time is over.
class InstanceList {
 public:
  /// The most memory that a registry can make it hold: what a registry of weft's holds itself by
  /// default.
  static constexpr std::size_t kMaxMemory = std::size_t{256} << 20;

  explicit InstanceList(std::size_t max_memory = kMaxMemory) : max_memory_(max_memory) {}

  /// A new watch begins.
  void begin_watch() { drop_parts(); }
  /// True where the list as a whole is known and may be another one than before.
  /// RESOURCE_EXHAUSTED for more than it holds: the watch is to end, what was there stays.
  Result<bool> apply(const v1::WatchResponse& response, TimePoint now);
  /// Drops what no store has named for the time of its lease; true where there was something.
  bool drop_unconfirmed(TimePoint now);

  /// In order of id; of those with the same addresses, the one that registered last. Why an
  /// instance cannot be used, and is left out, is added to `unreadable`.
  std::vector<cluster::Endpoint> endpoints(std::vector<Status>& unreadable) const;
  bool known() const noexcept { return !store_id_.empty(); }
  /// Where to resume.
  const std::string& store_id() const noexcept { return store_id_; }
  std::uint64_t revision() const noexcept { return revision_; }

 private:
  struct Known {
    v1::Entry entry;
    /// kNever for what the present store has.
    TimePoint until = kNever;
  };
  bool take_room(const v1::Entry& entry);
  void drop_parts();
  void take_snapshot(const v1::WatchResponse& response, TimePoint now);

  const std::size_t max_memory_;
  std::size_t memory_ = 0;  // of instances_ and parts_
  std::map<std::string, Known> instances_;
  std::vector<v1::Entry> parts_;
  std::string store_id_;
  std::uint64_t revision_ = 0;
};

}  // namespace weft::registry
