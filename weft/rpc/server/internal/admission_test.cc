#include "weft/rpc/server/internal/admission.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using Verdict = Admission::Verdict;

/// A loop as Admission sees it, with a clock that the test turns: it reads what has arrived on each
/// connection, runs what was admitted, and goes round.
class Machine {
 public:
  struct Arrivals {
    Duration every;  // on each connection
    Duration timeout = kForever;
    Duration since{};  // some are there already
  };
  struct Count {
    std::size_t admitted = 0;
    std::size_t refused = 0;
    Duration longest{};  // from arrival to the end of the call
    Duration idle{};
  };

  Machine(Duration max_delay, std::size_t connections) : admission(max_delay) {
    for (std::size_t i = 0; i < connections; ++i) clients_.emplace_back();
  }

  /// A call comes whose handler computes for that long.
  void run_slow_call(Duration cost) {
    Count count;
    for (Client& client : clients_) client.next = now + 1h;
    clients_.front().next = now;
    pass({.every = 1h}, cost, count);
  }
  /// Calls arrive evenly for so long, and cost `cost` each.
  Count run(Duration length, const Arrivals& arrivals, Duration cost) {
    Count count;
    const TimePoint end = now + length;
    for (Client& client : clients_) client.next = now - arrivals.since + arrivals.every / 2;
    while (now < end) {
      if (pass(arrivals, cost, count)) continue;
      TimePoint next = end;
      for (const Client& client : clients_) next = std::min(next, client.next);
      count.idle += next - now;
      now = next;
    }
    return count;
  }
  std::vector<std::size_t> admitted_of_each() const {
    std::vector<std::size_t> counts;
    for (const Client& client : clients_) counts.push_back(client.admitted);
    return counts;
  }

  Admission admission;
  TimePoint now{1h};

 private:
  struct Client {
    Admission::Client in_round;
    TimePoint next;
    std::size_t admitted = 0;
  };
  static constexpr Duration kRefusal = 1us;
  static constexpr std::size_t kMostRead = 1000;  // of a connection: its streams

  /// One look at every connection; false when nothing had come.
  bool pass(const Arrivals& arrivals, Duration cost, Count& count) {
    bool open = false;
    bool any = false;
    // Whoever is ready first is the first one.
    std::rotate(clients_.begin(), clients_.begin() + 1, clients_.end());
    for (Client& client : clients_) {
      const TimePoint read_at = now;
      std::deque<TimePoint> to_run;
      for (std::size_t i = 0; i < kMostRead && client.next <= read_at; ++i) {
        any = true;
        if (admission.wants_round(read_at)) {
          admission.begin_round(read_at);
          open = true;
        }
        if (admission.admit(client.in_round, read_at, arrivals.timeout) == Verdict::Admitted) {
          to_run.push_back(client.next);
        } else {
          ++count.refused;
          now += kRefusal;
        }
        client.next += arrivals.every;
      }
      for (const TimePoint arrived : to_run) {
        now += cost;
        ++count.admitted;
        ++client.admitted;
        count.longest = std::max(count.longest, now - arrived);
      }
    }
    if (open) admission.end_round(now);
    return any;
  }

  std::vector<Client> clients_;
};

TEST(Admission, RefusesNothingWhileTheLoopKeepsUp) {
  Machine machine(20ms, 8);
  // 95 % of what it can.
  const Machine::Count count = machine.run(10s, {.every = 842us}, 100us);
  EXPECT_EQ(count.refused, 0U);
  EXPECT_EQ(machine.admission.standing_delay(), 0ms);
}

TEST(Admission, ServesAtCapacityUnderTwiceTheLoad) {
  for (const std::size_t connections : {1U, 8U, 100U}) {
    Machine machine(20ms, connections);
    const Machine::Arrivals twice{.every = 50us * connections};
    machine.run(2s, twice, 100us);
    const Machine::Count count = machine.run(10s, twice, 100us);
    EXPECT_GE(count.admitted, 95'000U) << connections;
    EXPECT_GE(count.refused, 80'000U) << connections;
    EXPECT_LE(count.longest, 20ms) << connections;
    const std::vector<std::size_t> each = machine.admitted_of_each();
    EXPECT_GE(*std::min_element(each.begin(), each.end()),
              *std::max_element(each.begin(), each.end()) / 2)
        << connections;
  }
}

TEST(Admission, NoticesSoonThatRoundsGrow) {
  Machine machine(50ms, 4);
  const Machine::Count count = machine.run(500ms, {.every = 2ms}, 1ms);
  EXPECT_GE(count.refused, 100U);
}

TEST(Admission, WithoutALimitRefusesNobodyWhoHasNoDeadline) {
  Machine machine(kForever, 1);
  EXPECT_EQ(machine.run(1s, {.every = 50us}, 100us).refused, 0U);
}

TEST(Admission, RefusesOnlyCallsThatWouldMissTheirDeadlines) {
  Machine machine(kForever, 4);
  const Machine::Arrivals twice{.every = 200us, .timeout = 50ms};
  machine.run(1s, twice, 100us);
  const Machine::Count count = machine.run(10s, twice, 100us);
  EXPECT_GE(count.admitted, 95'000U);
  EXPECT_LE(count.longest, 50ms);
  Admission::Client client;
  machine.admission.begin_round(machine.now);
  Verdict verdict = Verdict::Admitted;
  for (int i = 0; i < 1000 && verdict == Verdict::Admitted; ++i) {
    verdict = machine.admission.admit(client, machine.now, 50ms);
  }
  EXPECT_EQ(verdict, Verdict::DeadlineTooNear);
  EXPECT_EQ(machine.admission.admit(client, machine.now, kForever), Verdict::Admitted);
}

TEST(Admission, OneSlowHandlerIsNoOverload) {
  Machine machine(20ms, 8);
  machine.run(1s, {.every = 1600us}, 100us);
  for (const Duration slow : {50ms, 500ms}) {
    machine.run_slow_call(slow);
    // All that has arrived meanwhile is served.
    const Machine::Count count = machine.run(1s, {.every = 1600us, .since = slow}, 100us);
    EXPECT_EQ(count.refused, 0U);
    EXPECT_GE(count.admitted, 8U * ((1s + slow) / 1600us - 1));
  }
}

TEST(Admission, ABurstIsNoOverload) {
  Machine machine(20ms, 8);
  for (int i = 0; i < 100; ++i) {
    // 40 ms of work at once, then 60 ms of rest.
    EXPECT_EQ(machine.run(1ms, {.every = 20us}, 100us).refused, 0U) << i;
    machine.now += 60ms;
  }
}

TEST(Admission, HandlersThatWaitCostNothing) {
  // They are started, which takes 2 us, and wait for a second: 100,000 of them are pending.
  Machine machine(20ms, 8);
  EXPECT_EQ(machine.run(1s, {.every = 80us}, 2us).refused, 0U);
}

TEST(Admission, StopsRefusingWhenTheLoadIsGone) {
  Machine machine(20ms, 8);
  EXPECT_GT(machine.run(2s, {.every = 400us}, 100us).refused, 0U);
  machine.run(500ms, {.every = 1000us}, 100us);
  EXPECT_EQ(machine.run(5s, {.every = 1000us}, 100us).refused, 0U);
  // At once where there was a pause.
  EXPECT_GT(machine.run(2s, {.every = 400us}, 100us).refused, 0U);
  machine.now += 200ms;
  EXPECT_EQ(machine.run(5s, {.every = 1000us}, 100us).refused, 0U);
}

TEST(Admission, TakesOneCallOfEveryRoundAtAnyCost) {
  Machine machine(20ms, 4);
  machine.run(5s, {.every = 100ms}, 50ms);
  const Machine::Count count = machine.run(10s, {.every = 100ms}, 50ms);
  // Not as many as it could: there is never another one waiting.
  EXPECT_GE(count.admitted, 90U);
  EXPECT_GE(count.refused, 150U);
}

TEST(Admission, LearnsTheCostOfCallsFromManyRounds) {
  Machine machine(20ms, 1);
  machine.run(1s, {.every = 50us}, 100us);
  EXPECT_GE(machine.admission.cost(), 90us);
  EXPECT_LE(machine.admission.cost(), 150us);
  machine.admission.begin_round(machine.now);
  Admission::Client client;
  EXPECT_EQ(machine.admission.admit(client, machine.now, kForever), Verdict::Admitted);
  machine.now += 10s;
  machine.admission.end_round(machine.now);
  EXPECT_LE(machine.admission.cost(), 300us);
}

}  // namespace
}  // namespace weft::rpc
