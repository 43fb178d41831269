#include "weft/cluster/balancers/subset.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

std::vector<Endpoint> fleet_of(std::size_t size) {
  std::vector<Endpoint> fleet;
  for (std::size_t i = 0; i < size; ++i) fleet.push_back(endpoint_of(i));
  return fleet;
}

std::set<std::string> names(const std::vector<Endpoint>& endpoints) {
  std::set<std::string> names;
  for (const Endpoint& endpoint : endpoints) names.insert(to_string(endpoint));
  return names;
}

TEST(Subset, HasTheSizeAndKeepsTheOrder) {
  const std::vector<Endpoint> chosen = subset(fleet_of(100), 10, "client-1");
  EXPECT_EQ(names(chosen).size(), 10u);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
    const auto number = [](const Endpoint& endpoint) {
      return std::stoi(endpoint.addresses.front().host().substr(7));
    };
    return number(a) < number(b);
  }));
}

TEST(Subset, IsEverybodyWhereTheFleetIsNotLarger) {
  EXPECT_EQ(subset(fleet_of(5), 5, "c").size(), 5u);
  EXPECT_EQ(subset(fleet_of(5), 9, "c").size(), 5u);
  EXPECT_EQ(subset(fleet_of(5), 0, "c").size(), 5u) << "no subset is wanted";
  EXPECT_TRUE(subset({}, 3, "c").empty());
}

TEST(Subset, IsTheSameWhateverTheListsOrder) {
  std::vector<Endpoint> reversed = fleet_of(100);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(names(subset(fleet_of(100), 10, "c")), names(subset(reversed, 10, "c")));
}

TEST(Subset, DoesNotDependOnWeightsAndZones) {
  std::vector<Endpoint> other = fleet_of(100);
  for (Endpoint& endpoint : other) {
    endpoint.weight = 7;
    endpoint.zone = "b";
  }
  EXPECT_EQ(names(subset(fleet_of(100), 10, "c")), names(subset(other, 10, "c")));
}

TEST(Subset, DiffersBetweenClients) {
  EXPECT_NE(names(subset(fleet_of(100), 10, "a")), names(subset(fleet_of(100), 10, "b")));
}

TEST(Subset, ReplacesOneForOneThatGoes) {
  const std::vector<Endpoint> fleet = fleet_of(100);
  for (int client = 0; client < 20; ++client) {
    const std::string id = "client-" + std::to_string(client);
    const std::set<std::string> before = names(subset(fleet, 10, id));
    for (std::size_t gone = 0; gone < 100; ++gone) {
      std::vector<Endpoint> smaller = fleet;
      smaller.erase(smaller.begin() + static_cast<std::ptrdiff_t>(gone));
      std::set<std::string> after = names(subset(smaller, 10, id));
      std::size_t kept = 0;
      for (const std::string& name : before) kept += after.count(name);
      EXPECT_EQ(kept, before.count(to_string(fleet[gone])) == 1 ? 9u : 10u);
    }
  }
}

// 300 clients with 10 of 100 each: 30 clients per endpoint on average, spread as by chance, whose
// standard deviation is sqrt(300 * 0.1 * 0.9) = 5.2.
TEST(Subset, SpreadsClientsOverTheFleet) {
  std::map<std::string, int> clients;
  for (int client = 0; client < 300; ++client) {
    for (const auto& name : names(subset(fleet_of(100), 10, "client-" + std::to_string(client)))) {
      ++clients[name];
    }
  }
  EXPECT_EQ(clients.size(), 100u) << "nobody is left out";
  int least = 300;
  int most = 0;
  for (const auto& [name, count] : clients) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  std::cout << "300 clients with 10 of 100 endpoints each: " << least << " to " << most
            << " clients per endpoint\n";
  EXPECT_GE(least, 30 - 4 * 5.2);
  EXPECT_LE(most, 30 + 4 * 5.2);
}

}  // namespace
}  // namespace weft::cluster
