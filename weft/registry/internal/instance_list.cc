#include "weft/registry/internal/instance_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "weft/registry/internal/instance.h"

namespace weft::registry {
namespace {

// Beyond a lease's time: a registration that fails is tried again after a pause.
constexpr Duration kReturnGrace = std::chrono::seconds(10);

// Beside its bytes: what a std::string of its own takes, and a node of a map of two.
constexpr std::size_t kText = sizeof(std::string) + 24;
constexpr std::size_t kNode = 2 * sizeof(std::string) + 48;
// The rest of a parsed entry, its id's copy, and its place in the list.
constexpr std::size_t kEntry = sizeof(v1::Entry) + sizeof(v1::Instance) + 5 * kText + 160;

/// What a parsed entry takes with its place in the list, rather more than less: messages of
/// protobuf's lite runtime cannot be asked.
std::size_t memory_of(const v1::Entry& entry) {
  const v1::Instance& instance = entry.instance();
  return kEntry + entry.ByteSizeLong() + instance.id().size() +
         static_cast<std::size_t>(instance.addresses_size()) * kText +
         instance.attributes().size() * kNode;
}

Status too_much(std::size_t limit) {
  return resource_exhausted("it lists instances of more than " + std::to_string(limit) +
                            " bytes of memory");
}

}  // namespace

bool InstanceList::take_room(const v1::Entry& entry) {
  const std::size_t more = memory_of(entry);
  if (more > max_memory_ - std::min(memory_, max_memory_)) return false;
  memory_ += more;
  return true;
}

void InstanceList::drop_parts() {
  for (const v1::Entry& entry : parts_) memory_ -= memory_of(entry);
  parts_.clear();
}

Result<bool> InstanceList::apply(const v1::WatchResponse& response, TimePoint now) {
  if (response.has_snapshot()) {
    for (const v1::Entry& entry : response.snapshot().entries()) {
      if (!take_room(entry)) return too_much(max_memory_);
      parts_.push_back(entry);
    }
    if (response.snapshot().more()) return false;
    take_snapshot(response, now);
    return true;
  }
  for (const v1::Change& change : response.changes().changes()) {
    const std::string& id = change.entry().instance().id();
    const bool put = change.kind() == v1::Change::PUT;
    if (put && !take_room(change.entry())) return too_much(max_memory_);
    if (const auto before = instances_.find(id); before != instances_.end()) {
      memory_ -= memory_of(before->second.entry);
      instances_.erase(before);
    }
    if (put) instances_[id] = Known{.entry = change.entry()};
  }
  revision_ = response.revision();
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
  memory_ = 0;
  for (const auto& [id, known] : instances_) memory_ += memory_of(known.entry);
  store_id_ = response.store_id();
  revision_ = response.revision();
}

bool InstanceList::drop_unconfirmed(TimePoint now) {
  return std::erase_if(instances_, [this, now](const auto& item) {
           if (item.second.until > now) return false;
           memory_ -= memory_of(item.second.entry);
           return true;
         }) > 0;
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
