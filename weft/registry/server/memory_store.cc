#include <atomic>
#include <cstdio>
#include <map>
#include <utility>

#include "weft/registry/server/internal/store_batch.h"
#include "weft/registry/server/store.h"

namespace weft::registry {
namespace {

std::string next_id() {
  static std::atomic<unsigned> last{0};
  // Of one length, so that a simulation's messages have the same sizes in every run.
  char text[24];
  std::snprintf(text, sizeof text, "memory-%09u", ++last);
  return text;
}

class MemoryStoreImpl final : public MemoryStore {
 public:
  MemoryStoreImpl() { saved_.store_id = next_id(); }

  Result<Saved> load(const LoadLimits& limits) override {
    const std::size_t before = records_.size();
    if (limits.check) {
      std::erase_if(records_, [&](const auto& item) {
        return !limits.check(*item.second, item.second->instance()).ok();
      });
    }
    if (records_.size() != before) saved_.forget_history();
    Saved saved = saved_;
    for (const auto& [key, record] : records_) saved.records.push_back(record);
    return saved;
  }

  Status commit(const StoreBatch& batch) override {
    if (fault) {
      Status status = fault();
      if (!status.ok()) return status;
    }
    for (const ChangeRecord& change : batch.changes) {
      Key key(change.record->service(), change.record->id());
      if (change.kind == v1::Change::PUT) {
        records_[std::move(key)] = change.record;
      } else {
        records_.erase(key);
      }
      saved_.revision = change.revision;
      saved_.changes.push_back(change);
    }
    while (!saved_.changes.empty() && saved_.changes.front().revision <= batch.compacted) {
      saved_.changes.pop_front();
    }
    saved_.compacted = batch.compacted;
    return {};
  }

 private:
  using Key = std::pair<std::string, std::string>;
  Saved saved_;
  std::map<Key, RecordRef> records_;
};

}  // namespace

std::shared_ptr<MemoryStore> make_memory_store() { return std::make_shared<MemoryStoreImpl>(); }

}  // namespace weft::registry
