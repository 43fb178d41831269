#include "weft/registry/server/internal/leases.h"

namespace weft::registry {

void Leases::add(RecordRef record, TimePoint until) {
  const std::uint64_t id = record->lease;
  remove(id);
  leases_[id] = Lease{.record = std::move(record), .until = until};
  by_time_.emplace(until, id);
}

void Leases::remove(std::uint64_t id) {
  const auto lease = leases_.find(id);
  if (lease == leases_.end()) return;
  by_time_.erase({lease->second.until, id});
  leases_.erase(lease);
}

Leases::Lease* Leases::find(std::uint64_t id) {
  const auto lease = leases_.find(id);
  return lease == leases_.end() ? nullptr : &lease->second;
}

void Leases::extend(std::uint64_t id, TimePoint until) {
  const auto lease = leases_.find(id);
  if (lease == leases_.end()) return;
  by_time_.erase({lease->second.until, id});
  lease->second.until = until;
  by_time_.emplace(until, id);
}

void Leases::extend_all(Duration time) {
  by_time_.clear();
  for (auto& [id, lease] : leases_) {
    lease.until += time;
    by_time_.emplace(lease.until, id);
  }
}

std::vector<RecordRef> Leases::lapsed(TimePoint now, std::size_t limit) const {
  std::vector<RecordRef> records;
  for (const auto& [until, id] : by_time_) {
    if (until > now || records.size() == limit) break;
    const Lease& lease = leases_.find(id)->second;
    if (!lease.ending) records.push_back(lease.record);
  }
  return records;
}

}  // namespace weft::registry
