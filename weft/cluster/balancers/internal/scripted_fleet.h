#pragma once

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/cluster/balancers/balancers.h"

// What the tests of balancers stand on: members whose condition is set by hand, and a clock that
// is.
namespace weft::cluster {

struct ScriptedClock final : Clock {
  TimePoint now() const noexcept override { return time; }
  TimePoint time = TimePoint(std::chrono::hours(1));
};

struct ScriptedRequest final : PickRequest {
  std::string_view path() const noexcept override { return "/test.Service/Method"; }
  std::string_view metadata(std::string_view name) const noexcept override {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : found->second;
  }
  std::optional<std::uint64_t> key() const noexcept override { return hash_key; }
  const Tried* tried() const noexcept override { return tried_before; }

  std::map<std::string, std::string> headers;
  std::optional<std::uint64_t> hash_key;
  const Tried* tried_before = nullptr;
};

inline Endpoint endpoint_of(std::size_t index, std::uint32_t weight = 1, std::string zone = {}) {
  Endpoint endpoint;
  const std::string host = "10." + std::to_string(index / 65536) + "." +
                           std::to_string(index / 256 % 256) + "." + std::to_string(index % 256);
  endpoint.addresses.push_back(net::Address::ip(host, 80).value());
  endpoint.weight = weight;
  endpoint.zone = std::move(zone);
  return endpoint;
}

inline std::uint64_t announced(std::uint64_t seed, std::ostream* log = &std::cout) {
  if (log != nullptr) *log << "seed " << seed << '\n';
  return seed;
}

/// Members that are numbered in the order in which they were added, and a balancer over them.
class ScriptedFleet {
 public:
  explicit ScriptedFleet(const Balancing& policy, std::size_t members = 0, std::uint64_t seed = 1,
                         std::ostream* log = &std::cout)
      : rng(announced(seed, log)), balancer(policy->make({rng, clock})) {
    for (std::size_t i = 0; i < members; ++i) add(endpoint_of(i));
    update();
  }

  Member& add(Endpoint endpoint) {
    members_.push_back(std::make_unique<Member>(std::move(endpoint)));
    members_.back()->set_available(true, clock.now());
    return *members_.back();
  }
  void remove(std::size_t number) { members_[number] = nullptr; }
  void set_available(std::size_t number, bool available) {
    members_[number]->set_available(available, clock.now());
  }
  std::vector<Member*> listed() const {
    std::vector<Member*> members;
    for (const auto& member : members_) {
      if (member != nullptr) members.push_back(member.get());
    }
    return members;
  }
  void update() { balancer->update(listed()); }

  Member& operator[](std::size_t number) { return *members_[number]; }
  std::size_t size() const { return members_.size(); }
  std::size_t number_of(const Member* member) const {
    std::size_t number = 0;
    while (members_[number].get() != member) ++number;
    return number;
  }
  Member* pick() { return balancer->pick(request); }
  std::size_t pick_number() { return number_of(pick()); }
  Member* begin() {
    Member* member = pick();
    if (member != nullptr) begin(*member);
    return member;
  }
  void begin(Member& member) {
    member.call_begins();
    balancer->on_begun(member);
  }
  void end(Member& member, CallReport report = {}) {
    report.now = clock.now();
    balancer->on_ended(member, report);
    member.call_ends();
  }
  /// How many of `picks` each member gets, where every call ends before the next begins.
  std::vector<std::size_t> shares(std::size_t picks) {
    std::vector<std::size_t> counts(members_.size());
    for (std::size_t i = 0; i < picks; ++i) {
      Member* member = begin();
      ++counts[number_of(member)];
      end(*member);
    }
    return counts;
  }

  ScriptedClock clock;
  Rng rng;
  ScriptedRequest request;
  std::unique_ptr<Balancer> balancer;

 private:
  std::vector<std::unique_ptr<Member>> members_;
};

/// Pearson's chi-square of counts against shares that add up to 1.
inline double chi_square(const std::vector<std::size_t>& counts, std::vector<double> shares) {
  double total = 0;
  for (const std::size_t count : counts) total += static_cast<double>(count);
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i];
    const double off = static_cast<double>(counts[i]) - expected;
    sum += off * off / expected;
  }
  return sum;
}

}  // namespace weft::cluster
