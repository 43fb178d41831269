#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/cluster/resolvers/endpoint_json.h"
#include "weft/net/loop/loop.h"
#include "weft/registry/etcd/internal/etcd_client.h"
#include "weft/registry/etcd/internal/etcd_schemes.h"

namespace weft::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFirstPause = milliseconds(500);
constexpr Duration kMostPause = seconds(10);
// So that a lease outlives two attempts that fail.
constexpr int kKeepAlivesPerLease = 3;

/// grant a lease ──> put the entry with it ──> extend it, again and again
///      ^                                           │
///      └── etcd does not know it any more ─────────┘
class EtcdAnnouncer final : public cluster::Announcer {
 public:
  EtcdAnnouncer(net::Loop& loop, EtcdTarget target)
      : client_(loop, std::move(target)), backoff_(loop.rng(), kFirstPause, kMostPause) {}

  Task<> run(cluster::Endpoint self) override {
    // Unlike a name, the address is no other's; an instance that was restarted takes its entry
    // over.
    key_ = client_.target().prefix + self.addresses.front().to_string();
    const std::string value = cluster::to_json(self);
    Status status;
    while (status.ok()) {
      status = co_await register_once(value);
      if (status.ok()) {
        backoff_.reset();
        status = co_await keep();
        continue;
      }
      if (co_await is_over()) break;
      log(LogLevel::Warn, "registry: cannot announce " + key_ + ": " + status.to_string());
      status = co_await net::sleep(backoff_.next());
    }
  }

  Task<Status> withdraw() override {
    if (lease_ == 0) co_return ok_status();
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(std::exchange(lease_, 0));
    const Result<etcdserverpb::LeaseRevokeResponse> response =
        co_await client_.call(&etcdserverpb::LeaseClient::LeaseRevoke, request);
    // It had lapsed by itself.
    if (response.status().code() == StatusCode::NotFound) co_return ok_status();
    co_return response.ok() ? ok_status() : response.status().with_prefix("withdrawing " + key_);
  }

 private:
  Task<bool> is_over() {
    const Context* context = co_await current_context();
    co_return context != nullptr && context->is_cancelled();
  }

  Task<Status> register_once(const std::string& value) {
    etcdserverpb::LeaseGrantRequest wanted;
    wanted.set_ttl(std::chrono::duration_cast<seconds>(client_.target().ttl).count());
    const Result<etcdserverpb::LeaseGrantResponse> lease =
        co_await client_.call(&etcdserverpb::LeaseClient::LeaseGrant, wanted);
    if (!lease.ok()) co_return lease.status();
    lease_ = lease->id();
    lasts_ = seconds(lease->ttl());
    etcdserverpb::PutRequest entry;
    entry.set_key(key_);
    entry.set_value(value);
    entry.set_lease(lease_);
    const Result<etcdserverpb::PutResponse> put =
        co_await client_.call(&etcdserverpb::KVClient::Put, entry);
    if (!put.ok()) co_return put.status();
    log(LogLevel::Info, "registry: announced " + key_ + " for " + to_string(lasts_) + " at a time");
    co_return ok_status();
  }

  /// Until etcd no longer knows the lease, which is OK; the error is why this is to end.
  Task<Status> keep() {
    for (bool told = false;;) {
      Status status = co_await net::sleep(lasts_ / kKeepAlivesPerLease);
      if (!status.ok()) co_return status;
      const Result<Duration> left = co_await client_.keep_alive(lease_);
      if (co_await is_over()) co_return cancelled("it is no longer announced");
      if (left.ok() && *left <= Duration::zero()) {
        log(LogLevel::Warn, "registry: etcd has lost " + key_ + ": announcing it again");
        co_return ok_status();
      }
      if (!left.ok() && !std::exchange(told, true)) {
        log(LogLevel::Warn, "registry: cannot extend " + key_ + ": " + left.status().to_string());
      }
    }
  }

  EtcdClient client_;
  cluster::Backoff backoff_;
  std::string key_;
  std::int64_t lease_ = 0;
  Duration lasts_{};
};

}  // namespace

Result<std::unique_ptr<cluster::Announcer>> etcd_announcer(net::Loop& loop,
                                                           const cluster::TargetParts& target) {
  Result<EtcdTarget> read = EtcdTarget::read(target);
  if (!read.ok()) return std::move(read).status();
  return std::unique_ptr<cluster::Announcer>(
      std::make_unique<EtcdAnnouncer>(loop, *std::move(read)));
}

}  // namespace weft::registry
