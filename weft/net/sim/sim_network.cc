#include <algorithm>
#include <string>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/net/sim/internal/sim_connection.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

// FNV-1a (Fowler, Noll, Vo), 64 bits.
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kHashPrime = 0x100000001b3ULL;

std::uint64_t hash_of(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kHashPrime;
  return hash;
}

std::uint64_t hash_of(std::uint64_t hash, std::uint64_t number) noexcept {
  for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ (number >> shift & 0xff)) * kHashPrime;
  return hash;
}

/// Posted work on its way to its turn; freed when it never gets there.
struct PostedItem {
  PostedItem(SimLoop& loop, Runnable& posted, void (*free)(Runnable&) noexcept)
      : target(&loop), item(&posted), drop(free) {}
  PostedItem(PostedItem&& other) noexcept
      : target(other.target), item(std::exchange(other.item, nullptr)), drop(other.drop) {}
  PostedItem& operator=(PostedItem&&) = delete;
  ~PostedItem() {
    if (item != nullptr) drop(*item);
  }
  void operator()() { target->ready(*std::exchange(item, nullptr)); }
  SimLoop* target;
  Runnable* item;
  void (*drop)(Runnable&) noexcept;
};

}  // namespace

SimNetwork::SimNetwork(std::uint64_t seed, const SimLink& link)
    : seed_(seed),
      rng_(seed),
      now_(std::chrono::hours(1)),
      link_(link),
      trace_(hash_of(kHashStart, seed)) {}

SimNetwork::~SimNetwork() {
  // What lives on the hosts ends while all of them are there, and may send and post in doing so.
  for (const auto& [name, host] : hosts_) host->end();
  do {
    take_posted();
    const Events dropped = std::exchange(events_, {});
  } while (!events_.empty() || !posted_.empty());
}

SimLoop& SimNetwork::host(std::string_view name) {
  if (SimLoop* known = find(name)) return *known;
  std::string text(name);
  const std::uint64_t seed = hash_of(hash_of(kHashStart, seed_), text);
  std::unique_ptr<SimLoop> made(new SimLoop(*this, text, seed));
  return *hosts_.emplace(std::move(text), std::move(made)).first->second;
}

SimLoop* SimNetwork::find(std::string_view name) noexcept {
  const auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : found->second.get();
}

std::pair<TimePoint, std::uint64_t> SimNetwork::schedule(SimLoop& target, TimePoint when, Kind kind,
                                                         UniqueFunction<void()> action) {
  const std::pair place(when, sequence_++);
  events_.emplace(place, Event{.target = &target, .kind = kind, .action = std::move(action)});
  return place;
}

void SimNetwork::take_posted() {
  std::vector<std::pair<SimLoop*, Runnable*>> posted;
  {
    const std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
  }
  for (const auto& [loop, item] : posted) {
    schedule(*loop, now_, Kind::Posted, PostedItem(*loop, *item, &SimLoop::drop));
  }
}

TimePoint SimNetwork::next_time() {
  take_posted();
  while (!events_.empty()) {
    const auto first = events_.begin();
    const TimePoint when = first->first.first;
    SimLoop& loop = *first->second.target;
    if (first->second.kind != Kind::Wake || loop.timers().next() <= when) return when;
    // Cancelled timers leave their wake-up behind.
    events_.erase(first);
    loop.wake_ = {};
    loop.rearm_again();
  }
  return kNever;
}

bool SimNetwork::put_off_first() {
  const auto first = events_.begin();
  SimLoop& target = *first->second.target;
  if (target.free_at_ <= first->first.first || first->second.kind == Kind::Segment) return false;
  auto node = events_.extract(first);
  node.key() = {target.free_at_, sequence_++};
  if (node.mapped().kind == Kind::Wake) target.wake_ = node.key();
  events_.insert(std::move(node));
  return true;
}

bool SimNetwork::step() {
  const TimePoint when = next_time();
  if (when == kNever) return false;
  if (put_off_first()) return true;
  // A nanosecond for each event is not getting on either: it is what a timer that is armed again
  // for now is given.
  if (when - burst_began_ > kOneTime) {
    burst_began_ = when;
    events_now_ = 0;
  }
  if (++events_now_ > kMostEventsAtOneTime) does_not_get_on();
  now_ = std::max(now_, when);
  auto node = events_.extract(events_.begin());
  Event& event = node.mapped();
  note(when, event);
  event.target->begin_round();
  event.target->enter([&event] { event.action(); });
  return true;
}

void SimNetwork::does_not_get_on() const {
  fatal("the simulation of seed " + std::to_string(seed_) +
        " does not get on: " + std::to_string(kMostEventsAtOneTime) + " events within " +
        to_string(kOneTime) + ", as of a timer that is armed for the past whenever it expires");
}

void SimNetwork::run_until(TimePoint when) {
  while (next_time() <= when && step()) {
  }
  now_ = std::max(now_, when);
}

bool SimNetwork::run_until_idle(Duration limit) {
  return !run_while_not([] { return false; }, limit) && next_time() == kNever;
}

bool SimNetwork::run_while_not(const std::function<bool()>& condition, Duration limit) {
  const TimePoint end = after(now_, limit);
  while (!condition()) {
    const TimePoint next = next_time();
    if (next == kNever) return false;
    if (next > end) {
      now_ = end;
      return false;
    }
    step();
  }
  return true;
}

SimNetwork::Pair SimNetwork::pair_of(std::string_view a, std::string_view b) {
  return a < b ? Pair(a, b) : Pair(b, a);
}

const SimLink& SimNetwork::link(const std::string& a, const std::string& b) const {
  const auto found = links_.find(pair_of(a, b));
  return found == links_.end() ? link_ : found->second;
}

bool SimNetwork::partitioned(const std::string& a, const std::string& b) const {
  return partitions_.contains(pair_of(a, b));
}

template <class F>
void SimNetwork::for_each_connection(F&& function) {
  // A copy, since what is done to a connection may end it.
  std::vector<std::shared_ptr<internal::SimConnection>> all;
  for (const auto& [id, weak] : connections_) {
    if (auto connection = weak.lock()) all.push_back(std::move(connection));
  }
  for (const auto& connection : all) function(*connection);
}

void SimNetwork::set_link(std::string_view a, std::string_view b, const SimLink& link) {
  links_[pair_of(a, b)] = link;
}

void SimNetwork::partition(std::string_view a, std::string_view b) {
  partitions_.insert(pair_of(a, b));
}

void SimNetwork::heal(std::string_view a, std::string_view b) {
  if (partitions_.erase(pair_of(a, b)) == 0) return;
  for_each_connection([&](internal::SimConnection& connection) {
    if (connection.between(a, b)) connection.heal();
  });
}

void SimNetwork::break_connections(std::string_view a, std::string_view b) {
  for_each_connection([&](internal::SimConnection& connection) {
    if (connection.between(a, b)) connection.break_both();
  });
}

void SimNetwork::set_down(std::string_view name, bool down) {
  host(name).down_ = down;
  if (!down) return;
  for_each_connection([&](internal::SimConnection& connection) {
    if (connection.touches(name)) connection.break_both();
  });
}

void SimNetwork::note(TimePoint when, const Event& event) noexcept {
  trace_ = hash_of(trace_, static_cast<std::uint64_t>(when.time_since_epoch().count()));
  trace_ = hash_of(trace_, static_cast<std::uint64_t>(event.kind));
  trace_ = hash_of(trace_, event.target->name());
}

}  // namespace weft::net
