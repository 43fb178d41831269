#include "weft/registry/internal/instance_list.h"

#include <tuple>
#include <utility>

#include "weft/registry/internal/instance.h"

namespace weft::registry {
namespace {

// Beyond a lease's time: a registration that fails is tried again after a pause.
constexpr Duration kReturnGrace = std::chrono::seconds(10);

}  // namespace

bool InstanceList::apply(const v1::WatchResponse& response, TimePoint now) {
  if (response.has_snapshot()) {
    const auto& entries = response.snapshot().entries();
    parts_.insert(parts_.end(), entries.begin(), entries.end());
    if (response.snapshot().more()) return false;
    take_snapshot(response, now);
    return true;
  }
  revision_ = response.revision();
  for (const v1::Change& change : response.changes().changes()) {
    const std::string& id = change.entry().instance().id();
    if (change.kind() == v1::Change::PUT) {
      instances_[id] = Known{.entry = change.entry()};
    } else {
      instances_.erase(id);
    }
  }
  return response.has_changes();
}

void InstanceList::take_snapshot(const v1::WatchResponse& response, TimePoint now) {
  std::map<std::string, Known> instances;
  for (v1::Entry& entry : parts_) {
    std::string id = entry.instance().id();
    instances.emplace(std::move(id), Known{.entry = std::move(entry)});
  }
  parts_.clear();
  const bool other_store = known() && response.store_id() != store_id_;
  for (auto& [id, known] : instances_) {
    if (other_store && known.until == kNever) {
      known.until = now + std::chrono::milliseconds(known.entry.ttl_ms()) + kReturnGrace;
    }
    if (known.until != kNever) instances.emplace(id, std::move(known));
  }
  instances_ = std::move(instances);
  store_id_ = response.store_id();
  revision_ = response.revision();
}

bool InstanceList::drop_unconfirmed(TimePoint now) {
  return std::erase_if(instances_, [now](const auto& item) { return item.second.until <= now; }) >
         0;
}

std::vector<cluster::Endpoint> InstanceList::endpoints(std::vector<Status>& unreadable) const {
  // The one to be taken of those with the same addresses.
  std::map<std::vector<std::string>, const Known*> best;
  const auto rank = [](const Known& known) {
    return std::tuple(known.until == kNever, known.entry.revision());
  };
  for (const auto& [id, known] : instances_) {
    const auto& addresses = known.entry.instance().addresses();
    const Known*& place = best[{addresses.begin(), addresses.end()}];
    if (place == nullptr || rank(*place) < rank(known)) place = &known;
  }
  std::vector<cluster::Endpoint> endpoints;
  for (const auto& [id, known] : instances_) {
    const auto& addresses = known.entry.instance().addresses();
    if (best[{addresses.begin(), addresses.end()}] != &known) continue;
    Result<cluster::Endpoint> endpoint = endpoint_of(known.entry.instance());
    if (endpoint.ok()) {
      endpoints.push_back(std::move(*endpoint));
    } else {
      unreadable.push_back(std::move(endpoint).status());
    }
  }
  return endpoints;
}

}  // namespace weft::registry
