// Connections themselves, in great numbers.

#include <memory>
#include <string>
#include <vector>

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;

TEST(ConnectionFlood, BeyondTheLimitIsClosedAtOnce) {
  Victim victim({.max_connections = 50});
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 200; ++i) attackers.push_back(std::make_unique<Attacker>(victim.port()));
  std::size_t closed = 0;
  for (const auto& attacker : attackers) closed += attacker->round_trip() ? 0 : 1;
  EXPECT_EQ(closed, 200U - 49U);
  EXPECT_EQ(victim.server().active_connections(), 50U);
  victim.serves_on();
}

TEST(ConnectionFlood, BeyondTheLimitOfOneClientIsClosedAtOnce) {
  Victim victim({.max_connections_per_peer = 20});
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 100; ++i) attackers.push_back(std::make_unique<Attacker>(victim.port()));
  std::size_t served = 0;
  for (const auto& attacker : attackers) served += attacker->round_trip() ? 1 : 0;
  // The well-behaved client has the same address.
  EXPECT_EQ(served, 19U);
  // A place that is given back is there for the next.
  attackers.clear();
  while (victim.server().active_connections() > 1) victim.serves_on(1);
  Attacker next(victim.port());
  EXPECT_TRUE(next.round_trip());
}

TEST(ConnectionFlood, ThatComesAndGoesDoesNotReachTheOthers) {
  Victim victim;
  victim.outlive([&] {
    for (int i = 0; i < 20; ++i) Attacker attacker(victim.port());
  });
}

TEST(ConnectionFlood, OfIdleConnectionsHoldsLittle) {
  Victim victim;
  const PeakMemory memory;
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 400; ++i) attackers.push_back(std::make_unique<Attacker>(victim.port()));
  for (const auto& attacker : attackers) EXPECT_TRUE(attacker->round_trip());
  victim.serves_on();
  // With what the attackers' own objects take.
  EXPECT_LT(memory.bytes() / attackers.size(), 16U * 1024);
  attackers.clear();
  while (victim.server().active_connections() > 1) victim.serves_on(1);
}

TEST(ConnectionFlood, OfHalfOpenConnectionsEndsInTime) {
  Victim victim({.handshake_timeout = 300ms});
  std::vector<std::unique_ptr<Attacker>> attackers;
  for (int i = 0; i < 200; ++i) {
    attackers.push_back(std::make_unique<Attacker>(victim.port(), Attacker::Hello::Nothing));
  }
  for (const auto& attacker : attackers) EXPECT_TRUE(attacker->wait_closed());
  while (victim.server().active_connections() > 1) victim.serves_on(1);
}

}  // namespace
}  // namespace weft::attacks
