#include "weft/rpc/client/internal/resolution.h"

#include <algorithm>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop/awaited.h"
#include "weft/rpc/client/internal/loop_channel.h"

namespace weft::rpc {
namespace {

/// Takes out what could not be connected to and what is there already. How many remain is for the
/// caller to see.
void tidy(std::vector<cluster::Endpoint>& endpoints) {
  std::vector<cluster::Endpoint> kept;
  kept.reserve(endpoints.size());
  std::vector<std::string> known;
  known.reserve(endpoints.size());
  for (cluster::Endpoint& endpoint : endpoints) {
    if (endpoint.addresses.empty()) continue;
    endpoint.weight = std::max(endpoint.weight, 1U);
    std::string key;
    for (const net::Address& address : endpoint.addresses) key.append(address.to_string() + ' ');
    const auto place = std::lower_bound(known.begin(), known.end(), key);
    if (place != known.end() && *place == key) continue;
    known.insert(place, std::move(key));
    kept.push_back(std::move(endpoint));
  }
  endpoints = std::move(kept);
}

}  // namespace

Task<> Resolution::run(std::unique_ptr<cluster::Resolver> resolver) {
  co_await resolver->run(*this);
}

void Resolution::look_again() noexcept {
  again_ = true;
  if (idle_ != nullptr) idle_->complete();
}

void Resolution::publish(std::vector<cluster::Endpoint> endpoints) {
  tidy(endpoints);
  if (endpoints.empty()) return fail(unavailable(target_ + ": there is no endpoint"));
  found_ = true;
  lost_ = false;
  tell(endpoints.size(), Status());
  owner_.on_endpoints(std::move(endpoints));
}

void Resolution::tell(std::size_t endpoints, const Status& status) const noexcept {
  if (observer_ == nullptr) return;
  observer_->on_resolver({.target = target_, .endpoints = endpoints, .status = status});
}

void Resolution::fail(Status why) {
  tell(0, why);
  if (!found_) return owner_.on_nothing_found(why);
  if (std::exchange(lost_, true)) return;
  log(LogLevel::Warn, target_ + ": the endpoints found before stay in use: " + why.to_string());
}

Task<Status> Resolution::wanted(Duration at_least, Duration at_most) {
  const TimePoint begun = loop_.now();
  again_ = false;  // it has just looked
  {
    net::Wait asked(loop_, after(begun, at_most));
    const net::Awaited awaited(idle_, asked);
    Status status = co_await asked;
    if (!status.ok()) co_return status;
  }
  net::Wait earliest(loop_, after(begun, at_least));
  co_return co_await earliest;
}

}  // namespace weft::rpc
