#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weft/base/time.h"
#include "weft/cluster/endpoint.h"
#include "weft/registry/v1/registry.pb.h"

namespace weft::registry {

/// The instances of a service as a watch tells of them, over the watch's end and over a change of
/// the registry.
///
/// A registry that has lost its data, or another one that is asked instead, may not know instances
/// that are there and will register within their lease's time. So what another store does not name
/// is dropped only when that time is over.
class InstanceList {
 public:
  /// A new watch begins.
  void begin_watch() { parts_.clear(); }
  /// True where the list as a whole is known and may be another one than before.
  bool apply(const v1::WatchResponse& response, TimePoint now);
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
  void take_snapshot(const v1::WatchResponse& response, TimePoint now);

  std::map<std::string, Known> instances_;
  std::vector<v1::Entry> parts_;
  std::string store_id_;
  std::uint64_t revision_ = 0;
};

}  // namespace weft::registry
