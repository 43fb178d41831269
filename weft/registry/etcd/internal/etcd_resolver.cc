#include <map>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/registry/etcd/internal/etcd_instance.h"
#include "weft/registry/etcd/internal/etcd_prefix.h"
#include "weft/registry/etcd/internal/etcd_schemes.h"
#include "weft/registry/internal/endpoint_filter.h"

namespace weft::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFirstPause = milliseconds(500);
constexpr Duration kMostPause = seconds(10);
// After so long without a failure the next one is a first one.
constexpr Duration kCalm = std::chrono::minutes(1);
// When etcd has lost its data, its instances come back one by one, each when it next extends its
// lease, at the latest after a third of its time. Until then those from before are kept beside
// them: or all calls would go to the first that is back.
constexpr Duration kComeBack = seconds(30);

class EtcdResolver final : public cluster::Resolver {
 public:
  EtcdResolver(net::Loop& loop, EtcdTarget target)
      : client_(loop, std::move(target)),
        filter_(loop, "etcd '" + client_.target().prefix + "'", client_.target().local),
        backoff_(loop.rng(), kFirstPause, kMostPause) {}

  Task<> run(Updates& updates) override {
    // In this frame, so that its stream goes before the context that it was opened in.
    EtcdPrefix prefix(client_);
    for (;;) {
      Status status = co_await prefix.next(from_before_until_);
      const Context* context = co_await current_context();
      if (context != nullptr && context->is_cancelled()) co_return;
      if (status.ok()) {
        co_await tell(prefix, updates);
        continue;
      }
      updates.fail(std::move(status));
      const TimePoint now = client_.loop().now();
      if (now - last_failure_ > kCalm) backoff_.reset();
      last_failure_ = now;
      const Duration pause = backoff_.next();
      const Status again = co_await updates.wanted(pause, pause);
      if (!again.ok()) co_return;
    }
  }

 private:
  struct Entry {
    std::int64_t revision = 0;
    EtcdInstance instance;
    Status unreadable;  // why there is no instance
  };
  using Entries = std::map<std::string, Entry>;

  Task<> tell(const EtcdPrefix& prefix, Updates& updates) {
    if (prefix.losses() != losses_) {
      losses_ = prefix.losses();
      from_before_.merge(std::exchange(entries_, {}));
      from_before_until_ = after(client_.loop().now(), kComeBack);
    }
    const Status unreadable = read_keys(prefix.keys());
    co_await look_up_names();
    if (client_.loop().now() >= from_before_until_) {
      from_before_.clear();
      from_before_until_ = kNever;
    }
    std::vector<cluster::Endpoint> endpoints;
    for (const auto& [key, entry] : entries_) {
      if (!entry.instance.endpoint.addresses.empty()) endpoints.push_back(entry.instance.endpoint);
    }
    for (const auto& [key, entry] : from_before_) {
      if (!entries_.contains(key)) endpoints.push_back(entry.instance.endpoint);
    }
    endpoints = filter_.admit(std::move(endpoints));
    if (endpoints.empty()) {
      updates.fail(why_none(unreadable));
    } else {
      updates.publish(std::move(endpoints));
    }
  }

  Status why_none(const Status& unreadable) const {
    const std::string& prefix = client_.target().prefix;
    if (!unreadable.ok()) return unreadable;
    if (filter_.refusal().ok()) return unavailable("etcd has no instances below '" + prefix + "'");
    return unavailable("etcd '" + prefix + "': " + std::string(filter_.refusal().message()));
  }

  /// Takes over what has changed; says why an entry cannot be read.
  Status read_keys(const EtcdPrefix::Keys& keys) {
    Status first;
    std::erase_if(entries_, [&](const auto& entry) { return !keys.contains(entry.first); });
    for (const auto& [key, value] : keys) {
      Entry& entry = entries_[key];
      if (entry.revision != value.revision) entry = read(key, value);
      if (first.ok()) first = entry.unreadable;
    }
    return first;
  }

  Entry read(const std::string& key, const EtcdPrefix::Value& value) const {
    Entry entry{.revision = value.revision, .instance = {}, .unreadable = {}};
    Result<EtcdInstance> instance = etcd_instance(value.text);
    if (instance.ok()) {
      entry.instance = *std::move(instance);
      return entry;
    }
    const Status& why = instance.status();
    entry.unreadable = unavailable("etcd key '" + client_.target().prefix + key +
                                   "': " + std::string(why.message()));
    log(LogLevel::Warn, "registry: left out: " + std::string(entry.unreadable.message()));
    return entry;
  }

  /// Once for each entry that names a host: who registers by name does it again when that moves.
  Task<> look_up_names() {
    for (auto& [key, entry] : entries_) {
      EtcdInstance& instance = entry.instance;
      if (!instance.name || !instance.endpoint.addresses.empty()) continue;
      Result<std::vector<net::Address>> found =
          co_await client_.loop().resolve(instance.name->host, instance.name->port);
      if (found.ok()) {
        instance.endpoint.addresses = *std::move(found);
      } else {
        log(LogLevel::Warn, "registry: etcd key '" + client_.target().prefix + key +
                                "' is left out: " + found.status().to_string());
      }
    }
  }

  EtcdClient client_;
  EndpointFilter filter_;
  cluster::Backoff backoff_;
  TimePoint last_failure_{};
  Entries entries_;
  std::uint64_t losses_ = 0;
  Entries from_before_;
  TimePoint from_before_until_ = kNever;
};

}  // namespace

Result<std::unique_ptr<cluster::Resolver>> etcd_resolver(net::Loop& loop,
                                                         const cluster::TargetParts& target) {
  Result<EtcdTarget> read = EtcdTarget::read(target);
  if (!read.ok()) return std::move(read).status();
  return std::unique_ptr<cluster::Resolver>(std::make_unique<EtcdResolver>(loop, *std::move(read)));
}

}  // namespace weft::registry
