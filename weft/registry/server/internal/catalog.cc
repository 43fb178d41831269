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
    const v1::Entry& entry = record->entry;
    services_[entry.service()][entry.instance().id()] = std::move(record);
  }
}

RecordRef Catalog::find(std::string_view service, std::string_view id) const {
  const auto instances = services_.find(service);
  if (instances == services_.end()) return nullptr;
  const auto record = instances->second.find(id);
  return record == instances->second.end() ? nullptr : record->second;
}

std::vector<RecordRef> Catalog::list(std::string_view service) const {
  std::vector<RecordRef> records;
  const auto add = [&records](const Instances& instances) {
    for (const auto& [id, record] : instances) records.push_back(record);
  };
  if (service.empty()) {
    records.reserve(size_);
    for (const auto& [name, instances] : services_) add(instances);
  } else if (const auto found = services_.find(service); found != services_.end()) {
    add(found->second);
  }
  return records;
}

std::vector<ChangeRecord> Catalog::changes_since(std::uint64_t revision, std::string_view service,
                                                 std::size_t limit, std::uint64_t& upto) const {
  std::vector<ChangeRecord> changes;
  for (std::uint64_t next = revision; next < revision_; ++next) {
    if (changes.size() == limit) {
      upto = next;
      return changes;
    }
    const ChangeRecord& change = changes_[next - compacted_];
    if (service.empty() || change.record->entry.service() == service) changes.push_back(change);
  }
  upto = revision_;
  return changes;
}

void Catalog::apply(const ChangeRecord& change) {
  const v1::Entry& entry = change.record->entry;
  const std::string& id = entry.instance().id();
  if (change.kind == v1::Change::PUT) {
    Instances& instances = services_[entry.service()];
    if (instances.insert_or_assign(id, change.record).second) ++size_;
  } else if (const auto found = services_.find(entry.service()); found != services_.end()) {
    size_ -= found->second.erase(id);
    if (found->second.empty()) services_.erase(found);
  }
  revision_ = change.revision;
  changes_.push_back(change);
}

void Catalog::compact(std::uint64_t revision) {
  while (compacted_ < revision && !changes_.empty()) {
    changes_.pop_front();
    ++compacted_;
  }
}

std::uint64_t Catalog::compaction_for(std::size_t limit, std::size_t more) const noexcept {
  const std::uint64_t last = revision_ + more;
  return std::max(compacted_, last > limit ? last - limit : 0);
}

}  // namespace weft::registry
