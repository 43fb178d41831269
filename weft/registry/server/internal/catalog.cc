#include "weft/registry/server/internal/catalog.h"

#include <algorithm>
#include <utility>

namespace weft::registry {

Catalog::Catalog(Saved saved)
    : size_(saved.records.size()),
      changes_(std::move(saved.changes)),
      store_id_(std::move(saved.store_id)),
      revision_(saved.revision),
      compacted_(saved.compacted) {
  for (RecordRef& record : saved.records) {
    services_[std::string(record->service())].insert(std::move(record));
  }
  for (const ChangeRecord& change : changes_) history_memory_ += change.record->cost();
}

RecordRef Catalog::find(std::string_view service, std::string_view id) const {
  const auto instances = services_.find(service);
  if (instances == services_.end()) return nullptr;
  const auto record = instances->second.find(id);
  return record == instances->second.end() ? nullptr : *record;
}

std::vector<RecordRef> Catalog::list(std::string_view service) const {
  bool more = false;
  return list_part(service, {}, SIZE_MAX, more);
}

std::vector<RecordRef> Catalog::list_part(std::string_view service, const Place& place,
                                          std::size_t size, bool& more) const {
  std::vector<RecordRef> records;
  std::size_t taken = 0;
  more = false;
  const auto begin = services_.lower_bound(service.empty() ? place.service : service);
  for (auto each = begin; each != services_.end() && !more; ++each) {
    const auto& [name, instances] = *each;
    if (!service.empty() && name != service) break;
    auto next = name == place.service ? instances.upper_bound(place.id) : instances.begin();
    for (; next != instances.end() && !more; ++next) {
      more = taken >= size;
      if (more) break;
      taken += (*next)->service().size() + (*next)->instance_bytes().size();
      records.push_back(*next);
    }
  }
  return records;
}

std::vector<ChangeRecord> Catalog::changes_since(std::uint64_t revision, std::string_view service,
                                                 std::size_t limit, std::size_t size,
                                                 std::uint64_t& upto) const {
  std::vector<ChangeRecord> changes;
  std::size_t taken = 0;
  for (std::uint64_t next = revision; next < revision_; ++next) {
    if (changes.size() == limit || taken >= size) {
      upto = next;
      return changes;
    }
    const ChangeRecord& change = changes_[next - compacted_];
    if (!service.empty() && change.record->service() != service) continue;
    taken += change.record->service().size() + change.record->instance_bytes().size();
    changes.push_back(change);
  }
  upto = revision_;
  return changes;
}

void Catalog::apply(const ChangeRecord& change) {
  const Record& record = *change.record;
  if (change.kind == v1::Change::PUT) {
    Instances& instances = services_[std::string(record.service())];
    // The set's key is the record, so it is taken out before another takes its place.
    if (const auto before = instances.find(record.id()); before != instances.end()) {
      instances.erase(before);
      --size_;
    }
    instances.insert(change.record);
    ++size_;
  } else if (const auto found = services_.find(record.service()); found != services_.end()) {
    if (const auto gone = found->second.find(record.id()); gone != found->second.end()) {
      found->second.erase(gone);
      --size_;
    }
    if (found->second.empty()) services_.erase(found);
  }
  revision_ = change.revision;
  changes_.push_back(change);
  history_memory_ += record.cost();
}

void Catalog::compact(std::uint64_t revision) {
  while (compacted_ < revision && !changes_.empty()) {
    history_memory_ -= changes_.front().record->cost();
    changes_.pop_front();
    ++compacted_;
  }
}

std::uint64_t Catalog::compaction_for(std::size_t limit, std::size_t memory,
                                      const std::vector<ChangeRecord>& added) const {
  std::size_t count = changes_.size() + added.size();
  std::size_t held = history_memory_;
  for (const ChangeRecord& change : added) held += change.record->cost();
  std::size_t dropped = 0;
  for (; count > limit || (count != 0 && held > memory); --count, ++dropped) {
    const ChangeRecord& oldest =
        dropped < changes_.size() ? changes_[dropped] : added[dropped - changes_.size()];
    held -= oldest.record->cost();
  }
  return compacted_ + dropped;
}

}  // namespace weft::registry
