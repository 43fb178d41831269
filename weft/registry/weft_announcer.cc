#include "weft/registry/weft_announcer.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/coro/all.h"
#include "weft/net/socket/secret.h"
#include "weft/registry/internal/instance.h"
#include "weft/registry/internal/registry_host.h"
#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/internal/said_by.h"
#include "weft/registry/internal/weft_target.h"

namespace weft::registry {
namespace {

// The lease's time where the target names none: dead instances are listed for no longer than this,
// and a registry may be away for most of it without anybody noticing.
constexpr Duration kDefaultTtl = std::chrono::seconds(10);
constexpr Duration kCallTimeout = std::chrono::seconds(5);
// Long enough to connect again to a registry that was restarted; a server's stop waits for it.
constexpr Duration kWithdrawTimeout = std::chrono::seconds(1);
constexpr Duration kFirstPause = std::chrono::milliseconds(250);
constexpr Duration kLongestPause = std::chrono::seconds(5);

/// 128 random bits in hexadecimal digits.
std::string random_id(net::Loop& loop) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (int word = 0; word < 2; ++word) {
    std::uint64_t bits = net::secret(loop);
    for (int digit = 0; digit < 16; ++digit, bits >>= 4) id += kDigits[bits & 15];
  }
  return id;
}

/// The registration in one registry.
class Registration {
 public:
  Registration(net::Loop& loop, RegistryHost host, std::string target, Duration ttl)
      : loop_(loop),
        host_(std::move(host)),
        target_(std::move(target)),
        ttl_(ttl),
        backoff_(loop.rng(), kFirstPause, std::min(kLongestPause, ttl / 3)) {}

  /// Until the context is cancelled.
  Task<> keep(v1::RegisterRequest request) {
    request.set_ttl_ms(milliseconds_of(ttl_));
    for (;;) {
      const Status registered = co_await enter(request);
      const bool go_on = co_await may_go_on();
      if (!go_on) co_return;
      tell(registered);
      if (registered.ok()) {
        const Status ended = co_await keep_alive();
        if (!ended.ok()) co_return;
        continue;
      }
      const Status slept = co_await net::sleep(backoff_.next());
      if (!slept.ok()) co_return;
    }
  }

  Task<Status> withdraw(std::string service, std::string id) {
    // A registry that never answered has nothing to take out.
    if (!asked_) co_return ok_status();
    v1::DeregisterRequest request;
    request.set_lease_id(std::exchange(lease_, 0));
    request.set_service(std::move(service));
    request.set_instance_id(std::move(id));
    const v1::RegistryClient client{host_.channel()};
    const auto response =
        co_await client.Deregister(request, {.timeout = kWithdrawTimeout, .wait_for_ready = true});
    co_return said_by("registry", host_.address(), response.status());
  }

 private:
  static std::uint32_t milliseconds_of(Duration duration) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  }
  static Task<bool> may_go_on() {
    const Context* const context = co_await current_context();
    co_return context == nullptr || !context->is_cancelled();
  }

  Task<Status> enter(const v1::RegisterRequest& request) {
    const v1::RegistryClient client{host_.channel()};
    asked_ = true;
    const auto response = co_await client.Register(request, {.timeout = kCallTimeout});
    if (!response.ok()) {
      let_go_of_silent(response.status());
      co_return response.status();
    }
    lease_ = response->lease_id();
    ttl_ = std::chrono::milliseconds(response->ttl_ms());
    backoff_.reset();
    co_return ok_status();
  }

  /// OK when the registry does not know the lease any more; else why the context was cancelled.
  Task<Status> keep_alive() {
    Duration pause = spread(ttl_ / 3);
    for (;;) {
      const Status slept = co_await net::sleep(pause);
      if (!slept.ok()) co_return slept;
      const Status kept = co_await refresh();
      if (kept.code() == StatusCode::NotFound) co_return ok_status();
      const bool go_on = co_await may_go_on();
      if (!go_on) co_return kept;
      tell(kept);
      if (kept.ok()) {
        backoff_.reset();
        pause = spread(ttl_ / 3);
      } else {
        let_go_of_silent(kept);
        pause = backoff_.next();
      }
    }
  }

  Task<Status> refresh() {
    v1::KeepAliveRequest request;
    request.set_lease_id(lease_);
    const v1::RegistryClient client{host_.channel()};
    const auto response =
        co_await client.KeepAlive(request, {.timeout = std::min(kCallTimeout, ttl_ / 3)});
    co_return response.status();
  }

  /// The far end may have gone without a word; the next call is on a new connection.
  void let_go_of_silent(const Status& status) {
    if (status.code() == StatusCode::DeadlineExceeded) host_.reconnect();
  }

  /// Instances that were started together do not stay together.
  Duration spread(Duration duration) { return scaled(duration, 0.8 + 0.2 * loop_.rng().uniform()); }

  /// Once when the registry cannot be had, and once when it can again.
  void tell(const Status& status) {
    if (status.ok() == !failing_) return;
    failing_ = !status.ok();
    if (failing_) {
      log(LogLevel::Warn, "announce " + target_ + ": not registered at " + host_.address() +
                              ", trying again: " + status.to_string());
    } else {
      log(LogLevel::Info, "announce " + target_ + ": registered at " + host_.address() + " again");
    }
  }

  net::Loop& loop_;
  RegistryHost host_;
  std::string target_;
  Duration ttl_;
  cluster::Backoff backoff_;
  std::uint64_t lease_ = 0;
  bool asked_ = false;
  bool failing_ = false;
};

class WeftAnnouncer final : public cluster::Announcer {
 public:
  WeftAnnouncer(net::Loop& loop, const WeftTarget& target, const std::string& shown)
      : service_(target.service), id_(random_id(loop)) {
    const Duration ttl = target.ttl == Duration::zero() ? kDefaultTtl : target.ttl;
    for (RegistryHost& host : registry_hosts(target)) {
      registrations_.push_back(std::make_unique<Registration>(loop, std::move(host), shown, ttl));
    }
  }

  Task<> run(cluster::Endpoint self) override {
    v1::RegisterRequest request;
    request.set_service(service_);
    *request.mutable_instance() = instance_of(self, id_);
    std::vector<Task<>> kept;
    for (const auto& registration : registrations_) kept.push_back(registration->keep(request));
    co_await all(std::move(kept));
  }

  Task<Status> withdraw() override {
    std::vector<Task<Status>> withdrawn;
    for (const auto& registration : registrations_) {
      withdrawn.push_back(registration->withdraw(service_, id_));
    }
    const std::vector<Status> outcomes = co_await all(std::move(withdrawn));
    for (const Status& outcome : outcomes) {
      if (!outcome.ok()) co_return outcome;
    }
    co_return ok_status();
  }

 private:
  std::string service_;
  std::string id_;
  std::vector<std::unique_ptr<Registration>> registrations_;
};

}  // namespace

Result<std::unique_ptr<cluster::Announcer>> make_weft_announcer(
    net::Loop& loop, const cluster::TargetParts& target) {
  const Result<WeftTarget> read = WeftTarget::read(target);
  if (!read.ok()) return read.status();
  return std::unique_ptr<cluster::Announcer>(
      std::make_unique<WeftAnnouncer>(loop, *read, std::string(cluster::shown(target.text))));
}

}  // namespace weft::registry
