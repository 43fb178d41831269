#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/base/time.h"
#include "weft/registry/server/internal/record.h"

namespace weft::registry {

/// Until when each instance stays without being heard of. In the loop's monotonic time, which no
/// change of the wall clock moves. Belongs to one thread.
class Leases {
 public:
  struct Lease {
    RecordRef record;
    TimePoint until;
    /// Its end is being committed: it cannot be kept alive any more.
    bool ending = false;
  };

  void add(RecordRef record, TimePoint until);
  void remove(std::uint64_t id);
  /// Null where there is none.
  Lease* find(std::uint64_t id);
  void extend(std::uint64_t id, TimePoint until);
  /// Each lease holds longer by so much: for time in which nobody could keep one alive.
  void extend_all(Duration time);
  /// Those whose time is over, at most `limit` of them.
  std::vector<RecordRef> lapsed(TimePoint now, std::size_t limit) const;
  /// When the first of them ends; kNever without any.
  TimePoint next() const noexcept { return by_time_.empty() ? kNever : by_time_.begin()->first; }

 private:
  std::unordered_map<std::uint64_t, Lease> leases_;
  std::set<std::pair<TimePoint, std::uint64_t>> by_time_;
};

inline Duration ttl_of(const Record& record) { return std::chrono::milliseconds(record.ttl_ms); }

}  // namespace weft::registry
