#include "weft/http1/client/internal/pool/endpoints.h"

#include <algorithm>
#include <utility>

#include "weft/base/log.h"
#include "weft/cluster/resolvers/address_order.h"
#include "weft/net/loop/awaited.h"

namespace weft::http1 {
namespace {

Balancing policy_for(const std::string& target, Balancing policy) {
  if (policy != nullptr) return policy;
  return cluster::lists_instances(target) ? round_robin() : pick_first();
}

/// All addresses of all endpoints, as of one server.
void join(std::vector<cluster::Endpoint>& endpoints, bool shuffled, Rng& rng) {
  cluster::Endpoint& all = endpoints.front();
  for (std::size_t i = 1; i < endpoints.size(); ++i) {
    const std::vector<net::Address>& more = endpoints[i].addresses;
    all.addresses.insert(all.addresses.end(), more.begin(), more.end());
  }
  endpoints.resize(1);
  if (shuffled) cluster::shuffle(all.addresses, rng);
}

bool share_one(const std::vector<net::Address>& a, const std::vector<net::Address>& b) {
  return std::any_of(a.begin(), a.end(), [&b](const net::Address& one) {
    return std::find(b.begin(), b.end(), one) != b.end();
  });
}

}  // namespace

Endpoints::Endpoints(net::Loop& loop, std::string target, Balancing policy)
    : loop_(loop),
      target_(std::move(target)),
      policy_(policy_for(target_, std::move(policy))),
      balancer_(policy_->make({.rng = loop.rng(), .clock = loop})) {}

Endpoints::~Endpoints() = default;

void Endpoints::start() {
  started_ = true;
  Result<std::unique_ptr<cluster::Resolver>> resolver = cluster::make_resolver(loop_, target_);
  if (!resolver.ok()) return fail(std::move(resolver).status());
  resolver_ = *std::move(resolver);
  task_ = resolver_->run(*this);
  task_.start(&context_, {[](void*) noexcept {}, nullptr});
}

Task<Result<std::shared_ptr<Instance>>> Endpoints::pick(const cluster::PickRequest& request) {
  if (!started_) start();
  if (instances_.empty() && may_look_now()) look_again();
  while (instances_.empty()) {
    if (!nothing_found_.ok()) co_return nothing_found_;
    Status status = co_await answered_.wait();
    if (!status.ok()) co_return status;
  }
  if (unavailable_ != 0) set_availability(false);
  cluster::Member* picked = balancer_->pick(request);
  if (picked == nullptr) {
    set_availability(true);
    picked = balancer_->pick(request);
  }
  for (const std::shared_ptr<Instance>& instance : instances_) {
    if (instance.get() == picked) co_return instance;
  }
  co_return unavailable(target_ + ": there is no instance to take the request");
}

void Endpoints::begun(Instance& instance) {
  instance.call_begins();
  balancer_->on_begun(instance);
}

void Endpoints::ended(Instance& instance, const cluster::CallReport& report) {
  balancer_->on_ended(instance, report);
  instance.call_ends();
}

void Endpoints::failed(Instance& instance) {
  instance.failed(loop_.now());
  look_again();
  if (!instance.available() || instance.gone()) return;
  instance.set_available(false, loop_.now());
  ++unavailable_;
  update_balancer();
}

void Endpoints::set_availability(bool all) {
  const TimePoint now = loop_.now();
  unavailable_ = 0;
  for (const std::shared_ptr<Instance>& instance : instances_) {
    const bool available = all || instance->retry_at() <= now;
    instance->set_available(available, now);
    unavailable_ += available ? 0 : 1;
  }
  update_balancer();
}

void Endpoints::update_balancer() {
  members_.clear();
  for (const std::shared_ptr<Instance>& instance : instances_) members_.push_back(instance.get());
  balancer_->update(members_);
}

std::shared_ptr<Instance> Endpoints::instance_of(cluster::Endpoint endpoint) {
  for (const std::shared_ptr<Instance>& instance : instances_) {
    const std::vector<net::Address>& known = instance->endpoint().addresses;
    // The addresses of one server come and go, and change places in every answer.
    const bool same = policy_->joins_endpoints() ? share_one(known, endpoint.addresses)
                                                 : known == endpoint.addresses;
    if (!same || instance->gone()) continue;
    instance->set_endpoint(std::move(endpoint));
    return instance;
  }
  return std::make_shared<Instance>(loop_, std::move(endpoint));
}

void Endpoints::publish(std::vector<cluster::Endpoint> endpoints) {
  std::erase_if(endpoints, [](const cluster::Endpoint& one) { return one.addresses.empty(); });
  if (endpoints.empty()) return fail(unavailable(target_ + ": there is no endpoint"));
  if (policy_->joins_endpoints()) join(endpoints, policy_->shuffles_addresses(), loop_.rng());
  std::vector<std::shared_ptr<Instance>> next;
  for (cluster::Endpoint& endpoint : endpoints) {
    endpoint.addresses = cluster::in_connecting_order(std::move(endpoint.addresses));
    endpoint.weight = std::max(endpoint.weight, 1U);
    std::shared_ptr<Instance> instance = instance_of(std::move(endpoint));
    if (std::find(next.begin(), next.end(), instance) == next.end()) next.push_back(instance);
  }
  std::swap(instances_, next);
  for (const std::shared_ptr<Instance>& old : next) {
    if (std::find(instances_.begin(), instances_.end(), old) == instances_.end()) old->set_gone();
  }
  nothing_found_ = {};
  // The balancer lets go of the old ones before `next` does.
  set_availability(false);
  answered_.set();
}

void Endpoints::fail(Status why) {
  if (!instances_.empty()) {
    log(LogLevel::Debug, target_ + ": the endpoints found before stay in use: " + why.to_string());
    return;
  }
  nothing_found_ = std::move(why);
  answered_.set();
}

bool Endpoints::may_look_now() const noexcept {
  return idle_ != nullptr && loop_.now() >= earliest_;
}

void Endpoints::look_again() noexcept {
  if (idle_ == nullptr) return;
  if (instances_.empty() && may_look_now()) {
    nothing_found_ = {};
    answered_.reset();
  }
  idle_->complete();
}

Task<Status> Endpoints::wanted(Duration at_least, Duration at_most) {
  const TimePoint begun = loop_.now();
  earliest_ = after(begun, at_least);
  {
    net::Wait asked(loop_, after(begun, at_most));
    const net::Awaited awaited(idle_, asked);
    Status status = co_await asked;
    if (!status.ok()) co_return status;
  }
  net::Wait earliest(loop_, earliest_);
  co_return co_await earliest;
}

}  // namespace weft::http1
