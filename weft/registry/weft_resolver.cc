#include "weft/registry/weft_resolver.h"

#include <string>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/net/loop/timer.h"
#include "weft/registry/internal/instance_list.h"
#include "weft/registry/internal/registry_host.h"
#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/internal/said_by.h"
#include "weft/registry/internal/weft_target.h"

namespace weft::registry {
namespace {

// How long a registry may take for its first answer, the connection included.
constexpr Duration kFirstAnswer = std::chrono::seconds(10);
// A registry that says nothing for so many of its heartbeats is gone, whatever TCP believes.
constexpr int kHeartbeatsMissed = 3;
// So that a thousand clients of a registry that restarts do not all come back at once.
constexpr Duration kFirstPause = std::chrono::milliseconds(500);
constexpr Duration kLongestPause = std::chrono::seconds(5);

using Stream = ClientReader<v1::WatchResponse>;

/// Cancels a watch that has been silent for too long.
class Silence : private net::Timer {
 public:
  Silence(net::Loop& loop, Stream& stream) noexcept
      : Timer(&Silence::over), loop_(loop), stream_(stream) {}
  /// From now on so long.
  void allow(Duration time) {
    allowed_ = time;
    loop_.arm(*this, loop_.now() + time);
  }
  bool is_over() const noexcept { return over_; }
  Duration allowed() const noexcept { return allowed_; }

 private:
  static void over(net::Timer& timer) noexcept {
    auto& self = static_cast<Silence&>(timer);
    self.over_ = true;
    self.stream_.cancel();
  }

  net::Loop& loop_;
  Stream& stream_;
  Duration allowed_{};
  bool over_ = false;
};

class WeftResolver final : public cluster::Resolver {
 public:
  WeftResolver(net::Loop& loop, const WeftTarget& target, std::string_view shown)
      : loop_(loop),
        hosts_(registry_hosts(target)),
        service_(target.service),
        filter_(loop, shown, target.local),
        // Clients spread over the registries.
        host_(loop.rng().below(hosts_.size())),
        backoff_(loop.rng(), kFirstPause, kLongestPause) {}

  Task<> run(Updates& updates) override {
    for (;;) {
      const Status ended = co_await watch(hosts_[host_], updates);
      Context* const context = co_await current_context();
      if (context != nullptr && context->is_cancelled()) co_return;
      tell_failure(ended, updates);
      host_ = (host_ + 1) % hosts_.size();
      const Status slept = co_await net::sleep(pause());
      if (!slept.ok()) co_return;
      if (list_.drop_unconfirmed(loop_.now())) publish(updates);
    }
  }

 private:
  /// Follows one registry until that ends; OK never.
  Task<Status> watch(RegistryHost& host, Updates& updates) {
    const v1::RegistryClient client{host.channel()};
    v1::WatchRequest request;
    request.set_service(service_);
    request.set_store_id(list_.store_id());
    request.set_revision(list_.revision());
    list_.begin_watch();
    Stream stream = co_await client.Watch(request);
    Silence silence(loop_, stream);
    silence.allow(kFirstAnswer);
    v1::WatchResponse response;
    for (;;) {
      const bool read = co_await stream.read(response);
      if (!read) break;
      silence.allow(kHeartbeatsMissed * std::chrono::milliseconds(response.heartbeat_ms()));
      Status told = tell(response, updates);
      if (!told.ok()) co_return said_by("registry", host.address(), told);
    }
    Status ended = co_await stream.finish();
    if (silence.is_over()) {
      host.reconnect();
      ended = unavailable("silent for " + to_string(silence.allowed()));
    }
    if (ended.ok()) ended = unavailable("it ended the watch");
    co_return said_by("registry", host.address(), ended);
  }

  Status tell(const v1::WatchResponse& response, Updates& updates) {
    if (failures_ > hosts_.size()) {
      log(LogLevel::Info, "weft://: '" + service_ + "' is watched again");
    }
    failures_ = 0;
    backoff_.reset();
    const Result<bool> changed = list_.apply(response, loop_.now());
    const bool dropped = list_.drop_unconfirmed(loop_.now());
    if ((changed.ok() && *changed) || dropped) publish(updates);
    return changed.status();
  }

  void publish(Updates& updates) {
    std::vector<Status> unreadable;
    std::vector<cluster::Endpoint> endpoints = list_.endpoints(unreadable);
    std::vector<cluster::Endpoint> admitted = filter_.admit(std::move(endpoints), unreadable);
    if (admitted.empty() && !filter_.refusal().ok()) {
      updates.fail(unavailable("registry " + hosts_[host_].address() + ": " +
                               std::string(filter_.refusal().message())));
    } else {
      updates.publish(std::move(admitted));
    }
  }

  void tell_failure(const Status& why, Updates& updates) {
    ++failures_;
    // Not for a registry that restarts, or where the next one answers.
    if (failures_ == hosts_.size() + 1) {
      log(LogLevel::Warn, "weft://: '" + service_ + "' is not watched, " +
                              (list_.known() ? "its last list stays: " : "there is no list: ") +
                              why.to_string());
    }
    if (failures_ >= hosts_.size()) updates.fail(why);
  }

  /// Short until each registry was tried once.
  Duration pause() {
    if (failures_ <= hosts_.size()) {
      return scaled(kFirstPause, loop_.rng().uniform());
    }
    return backoff_.next();
  }

  net::Loop& loop_;
  std::vector<RegistryHost> hosts_;
  std::string service_;
  EndpointFilter filter_;
  std::size_t host_;
  cluster::Backoff backoff_;
  InstanceList list_;
  std::size_t failures_ = 0;  // since a registry last said something
};

}  // namespace

Result<std::unique_ptr<cluster::Resolver>> make_weft_resolver(net::Loop& loop,
                                                              const cluster::TargetParts& target) {
  // The text that a server announces to may be the one that its clients use, so its ttl is read.
  const Result<WeftTarget> read = WeftTarget::read(target);
  if (!read.ok()) return read.status();
  return std::unique_ptr<cluster::Resolver>(
      std::make_unique<WeftResolver>(loop, *read, cluster::shown(target.text)));
}

}  // namespace weft::registry
