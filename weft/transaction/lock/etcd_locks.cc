#include "weft/transaction/lock/etcd_locks.h"

#include <utility>

#include "weft/registry/etcd/owned_keys.h"
#include "weft/transaction/lock/internal/holder_name.h"

namespace weft::transaction {
namespace {

class EtcdLockStore final : public LockStore {
 public:
  EtcdLockStore(registry::OwnedKeys keys, std::string holder)
      : keys_(std::move(keys)), holder_(std::move(holder)) {}

  Task<Result<Attempt>> take(std::string name, Duration lease,
                             std::shared_ptr<std::int64_t>) const override {
    const Result<registry::OwnedKeys::Attempt> taken =
        co_await keys_.take(std::move(name), holder_, lease);
    if (!taken.ok()) co_return taken.status();
    co_return Attempt{.token = taken->revision, .holder = taken->owner};
  }
  Task<Result<std::optional<LockHolder>>> find(std::string name) const override {
    const auto owner = co_await keys_.find(std::move(name));
    if (!owner.ok()) co_return owner.status();
    if (!*owner) co_return std::nullopt;
    co_return LockHolder{
        .name = (*owner)->name, .token = (*owner)->revision, .left = (*owner)->left};
  }
  Task<Result<bool>> renew(std::string name, std::int64_t token, Duration) const override {
    return keys_.renew(std::move(name), token);
  }
  Task<Status> release(std::string name, std::int64_t token) const override {
    return keys_.release(std::move(name), token);
  }
  Task<Status> check(sql::Queryable&, std::string name, std::int64_t) const override {
    return Status(unimplemented("the lock \"" + name +
                                "\" is in etcd, not in the transaction's database: keep the "
                                "greatest token beside the data, and refuse lesser ones"));
  }

 private:
  const registry::OwnedKeys keys_;
  const std::string holder_;
};

}  // namespace

Result<Locks> etcd_locks(net::Loop& loop, std::string_view target, std::string holder) {
  Result<std::string> name = internal::holder_name(std::move(holder));
  if (!name.ok()) return name.status();
  Result<registry::OwnedKeys> keys = registry::OwnedKeys::at(loop, target);
  if (!keys.ok()) return keys.status();
  return Locks(std::make_shared<EtcdLockStore>(*std::move(keys), *std::move(name)));
}

}  // namespace weft::transaction
