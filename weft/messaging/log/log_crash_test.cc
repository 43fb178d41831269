// Programs that die: by a loss of power, and of an event.
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/coro/scope.h"
#include "weft/messaging/log/internal/test_event_log.h"
#include "weft/messaging/log/log_broker.h"
#include "weft/testing/run.h"

namespace weft::messaging {
namespace {

using namespace std::chrono_literals;
using stored::TestDisk;
using test::event_of;
using test::EventLog;
using test::Place;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Publishes, handles and acknowledges at random until the power fails, again and again.
class CrashRun {
 public:
  explicit CrashRun(std::uint64_t seed)
      : rng_(seed), disk_(std::make_shared<TestDisk>(seed)), network_(seed) {}

  /// Until the power fails, or some steps later.
  void run_until_stopped() {
    disk_->stop_at(1 + rng_.below(60));
    if (open()) {
      for (int step = 0; step < 40 && !disk_->is_stopped(); ++step) {
        do_something();
        network_.run_for(std::chrono::milliseconds(rng_.below(80)));
      }
    }
    lose_power();
  }
  /// Handles all that is there.
  void finish() {
    ASSERT_TRUE(open());
    while (read() > 0) {
      while (!held_.empty()) handle_one();
    }
    lose_power();
  }
  std::vector<std::string> lost() const {
    std::vector<std::string> all;
    for (const std::string& id : stored_) {
      if (!handled_.contains(id)) all.push_back(id);
    }
    return all;
  }

 private:
  net::SimLoop& host() { return network_.host("a"); }
  bool open() {
    LogOptions options;
    options.folder = "/log";
    options.disk = disk_;
    options.segment_bytes = 600;
    Result<std::shared_ptr<Broker>> log = open_log(options);
    if (!log.ok()) return false;
    log_ = *std::move(log);
    SubscriptionOptions subscription;
    subscription.topic = "orders";
    subscription.group = "billing";
    Result<Place> place = testing::run(host(), log_->subscribe(subscription));
    if (place.ok()) place_ = *std::move(place);
    return place_ != nullptr;
  }
  void lose_power() {
    held_.clear();
    place_.reset();
    log_.reset();
    disk_->restart();
  }
  void do_something() {
    if (rng_.below(2) == 0) {
      publish();
    } else if (held_.empty()) {
      static_cast<void>(read());
    } else {
      handle_one();
    }
  }
  void publish() {
    std::vector<CloudEvent> events;
    for (std::uint64_t i = 0; i <= rng_.below(4); ++i) {
      events.push_back(event_of(std::to_string(number_++)));
    }
    if (!testing::run(host(), log_->publish("orders", events)).ok()) return;
    for (const CloudEvent& event : events) stored_.push_back(event.id);
  }
  std::size_t read() {
    Scope scope(nullptr);
    host().enter([&] { scope.spawn(read_some(*place_, &held_)); });
    network_.run_for(10ms);
    scope.cancel(cancelled("there is nothing"));
    testing::run(host(), scope.join());
    return held_.size();
  }
  static Task<> read_some(Subscription& place, std::vector<Delivery>* into) {
    Result<std::vector<Delivery>> batch = co_await place.next(5);
    if (batch.ok()) *into = *std::move(batch);
  }
  void handle_one() {
    const auto one = held_.begin() + static_cast<std::ptrdiff_t>(rng_.below(held_.size()));
    handled_.insert(one->event.id);
    place_->acknowledge(one->position);
    held_.erase(one);
  }

  Rng rng_;
  std::shared_ptr<TestDisk> disk_;
  net::SimNetwork network_;
  std::shared_ptr<Broker> log_;
  Place place_;
  std::vector<Delivery> held_;
  std::vector<std::string> stored_;
  std::set<std::string> handled_;
  int number_ = 0;
};

TEST(EventLogCrashes, LoseNothingAcknowledged) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CrashRun run(seed);
    for (int round = 0; round < 6; ++round) run.run_until_stopped();
    run.finish();
    ASSERT_THAT(run.lost(), IsEmpty());
  }
}

// ---- Events that end the program ---------------------------------------------------------------

/// A log whose program dies: what it has written is there, and nothing is closed.
class DyingProgram : public EventLog {
 protected:
  /// What the group gets after the program has died and was started again.
  std::vector<Delivery> restart() {
    place_.reset();
    close();
    open();
    place_ = *subscribe();
    return *run(place_->next(100));
  }
  void start() {
    open();
    ASSERT_TRUE(publish({"1", "2", "3"}).ok());
    place_ = *subscribe();
    ASSERT_EQ(next(*place_).size(), 3U);
  }
  Place place_;
};

/// Data and tries, with "!" where the last of them was interrupted.
std::vector<std::string> tries_of(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> all;
  for (const Delivery& one : deliveries) {
    all.push_back(one.event.id + ": " + std::to_string(one.tries) + (one.interrupted ? "!" : ""));
  }
  return all;
}

TEST_F(DyingProgram, CountsTheTryThatItDiedIn) {
  start();
  place_->begin(1, 1);
  // The first time it is not known which event it was.
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 0", "3: 0"));
  place_->begin(1, 1);
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 1!", "3: 0"));
  place_->begin(1, 2);
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 2!", "3: 0"));
  // It stays so when the program dies of something else, and not after a clean end.
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 2!", "3: 0"));
  ASSERT_TRUE(run(place_->close()).ok());
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 2", "3: 0"));
}

TEST_F(DyingProgram, CountsNothingOfWhatHadEnded) {
  start();
  restart();
  place_->begin(0, 1);
  place_->begin(1, 1);
  place_->begin(2, 1);
  place_->acknowledge(0);
  place_->give_back(2, 0);
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 1!", "3: 0"));
}

TEST_F(DyingProgram, WritesNothingAfterACleanEnd) {
  start();
  ASSERT_TRUE(run(place_->close()).ok());
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 0", "3: 0"));
  const std::uint64_t before = disk_->operations();
  place_->begin(1, 1);
  EXPECT_EQ(disk_->operations(), before);
}

TEST_F(DyingProgram, ReadsNoDamagedPlaces) {
  start();
  restart();
  place_->begin(0, 1);
  place_->begin(1, 1);
  disk_->content("/log/groups/billing/orders.begun")[12] ^= 1;
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 1!", "3: 0"));
  disk_->content("/log/groups/billing/orders.begun").resize(5);
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 1!", "3: 0"));
}

TEST_F(DyingProgram, IsRefusedANewerFormat) {
  start();
  disk_->content("/log/groups/billing/orders.begun")[8] = 2;
  place_.reset();
  close();
  open();
  EXPECT_EQ(subscribe().status().code(), StatusCode::FailedPrecondition);
}

TEST_F(DyingProgram, GoesOnWhereTheDiskIsFull) {
  start();
  ASSERT_TRUE(run(place_->close()).ok());
  disk_->set_room(0);
  EXPECT_THAT(tries_of(restart()), ElementsAre("1: 0", "2: 0", "3: 0"));
  place_->begin(0, 1);
  place_->acknowledge(0);
}

}  // namespace
}  // namespace weft::messaging
