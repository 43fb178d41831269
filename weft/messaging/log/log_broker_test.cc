#include "weft/messaging/log/log_broker.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/coro/scope.h"
#include "weft/messaging/events/publisher.h"
#include "weft/messaging/log/internal/event_body.h"
#include "weft/messaging/log/internal/test_disk.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::messaging {
namespace {

using namespace std::chrono_literals;
using stored::TestDisk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Place = std::unique_ptr<Subscription>;

CloudEvent event_of(const std::string& data, const std::string& key = {}) {
  CloudEvent event;
  event.source = "shop";
  event.id = data;
  event.type = "shop.Paid";
  event.key = key;
  event.data = Bytes::copy_of(data);
  return event;
}

class EventLog : public ::testing::Test {
 protected:
  EventLog() : disk_(std::make_shared<TestDisk>(1)) { options_.disk = disk_; }
  ~EventLog() override { close(); }

  net::SimLoop& host() { return network_.host("a"); }
  void open() {
    options_.folder = "/log";
    options_.clock = [this] { return now_; };
    Result<std::shared_ptr<Broker>> opened = open_log(options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  void close() { log_.reset(); }
  template <class T>
  T run(Task<T> task) {
    return testing::run(host(), std::move(task));
  }
  Status publish(const std::vector<std::string>& data, const std::string& topic = "orders") {
    std::vector<CloudEvent> events;
    events.reserve(data.size());
    for (const std::string& one : data) events.push_back(event_of(one));
    return run(log_->publish(topic, events));
  }
  Result<Place> subscribe(StartAt start = {}, const std::string& group = "billing") {
    SubscriptionOptions options;
    options.topic = "orders";
    options.group = group;
    options.start = start;
    return run(log_->subscribe(options));
  }
  std::vector<std::string> next(Subscription& place, std::size_t most = 100) {
    std::vector<std::string> data;
    const Result<std::vector<Delivery>> batch = run(place.next(most));
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok()) return data;
    for (const Delivery& delivery : *batch) data.push_back(delivery.event.data.to_string());
    return data;
  }

  net::SimNetwork network_{1};
  std::shared_ptr<TestDisk> disk_;
  LogOptions options_;
  std::int64_t now_ = 1'000'000;
  std::shared_ptr<Broker> log_;
};

TEST_F(EventLog, KeepsEverythingThatAnEventHas) {
  open();
  CloudEvent event = event_of("data", "key");
  event.subject = "order 7";
  event.time = 1234;
  event.set("traceparent", "00-…");
  event.set("empty", "");
  EXPECT_TRUE(run(log_->publish("orders", {&event, 1})).ok());
  const Place place = *subscribe();
  const Result<std::vector<Delivery>> batch = run(place->next(10));
  ASSERT_EQ(batch->size(), 1U);
  const Delivery& delivery = batch->front();
  EXPECT_EQ(delivery.event.source, "shop");
  EXPECT_EQ(delivery.event.id, "data");
  EXPECT_EQ(delivery.event.type, "shop.Paid");
  EXPECT_EQ(delivery.event.key, "key");
  EXPECT_EQ(delivery.event.subject, "order 7");
  EXPECT_EQ(delivery.event.time, 1234);
  EXPECT_EQ(delivery.event.data.view(), "data");
  EXPECT_EQ(*delivery.event.find("traceparent"), "00-…");
  EXPECT_EQ(*delivery.event.find("empty"), "");
  EXPECT_EQ(delivery.position, 0U);
  EXPECT_EQ(delivery.stored, now_);
}

TEST_F(EventLog, RefusesAnEventThatCouldNotBeRead) {
  open();
  const Status status = publish({std::string((std::size_t{16} << 20) + 1, 'x')});
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("is larger than the limit of 16777216"));
}

TEST_F(EventLog, EachGroupGetsEveryEvent) {
  open();
  EXPECT_TRUE(publish({"1", "2"}).ok());
  const Place billing = *subscribe({}, "billing");
  const Place mail = *subscribe({}, "mail");
  EXPECT_THAT(next(*billing), ElementsAre("1", "2"));
  EXPECT_THAT(next(*mail), ElementsAre("1", "2"));
}

TEST_F(EventLog, WaitsForEvents) {
  open();
  const Place place = *subscribe();
  Scope scope(nullptr);
  std::vector<std::string> got;
  host().enter([&] {
    scope.spawn([](Subscription& from, std::vector<std::string>* into) -> Task<> {
      const Result<std::vector<Delivery>> batch = co_await from.next(10);
      for (const Delivery& delivery : *batch) into->push_back(delivery.event.id);
    }(*place, &got));
  });
  network_.run_for(1s);
  EXPECT_THAT(got, IsEmpty());
  EXPECT_TRUE(publish({"1"}).ok());
  network_.run_for(1s);
  EXPECT_THAT(got, ElementsAre("1"));
  run(scope.join());
}

TEST_F(EventLog, AGroupGoesOnWhereItWas) {
  open();
  EXPECT_TRUE(publish({"1", "2", "3", "4"}).ok());
  Place place = *subscribe();
  EXPECT_EQ(next(*place).size(), 4U);
  place->acknowledge(0);
  place->acknowledge(2);
  place->give_back(1, 3);
  EXPECT_TRUE(run(place->close()).ok());
  place.reset();
  close();
  open();
  place = *subscribe();
  const Result<std::vector<Delivery>> batch = run(place->next(10));
  ASSERT_EQ(batch->size(), 2U);
  EXPECT_EQ(batch->front().event.id, "2");
  EXPECT_EQ(batch->front().tries, 3U);
  EXPECT_EQ(batch->back().event.id, "4");
}

TEST_F(EventLog, StoresWhatWasAcknowledgedAfterAWhile) {
  open();
  EXPECT_TRUE(publish({"1", "2"}).ok());
  Place place = *subscribe();
  EXPECT_EQ(next(*place).size(), 2U);
  place->acknowledge(0);
  network_.run_for(1s);
  place.reset();
  close();
  disk_->restart();
  open();
  place = *subscribe();
  EXPECT_THAT(next(*place), ElementsAre("2"));
}

TEST_F(EventLog, ANewGroupBeginsWhereItIsTold) {
  open();
  for (const char* const id : {"1", "2", "3"}) {
    EXPECT_TRUE(publish({id}).ok());
    now_ += 1000;
  }
  EXPECT_THAT(next(**subscribe(StartAt::oldest(), "a")), ElementsAre("1", "2", "3"));
  EXPECT_THAT(next(**subscribe(StartAt::position(1), "b")), ElementsAre("2", "3"));
  EXPECT_THAT(next(**subscribe(StartAt::time(1'002'000), "c")), ElementsAre("3"));
  const Place place = *subscribe(StartAt::newest(), "d");
  EXPECT_TRUE(publish({"4"}).ok());
  EXPECT_THAT(next(*place), ElementsAre("4"));
  EXPECT_EQ(subscribe(StartAt::position(9), "e").status().code(), StatusCode::OutOfRange);
}

TEST_F(EventLog, RefusesASecondSubscriptionOfAGroup) {
  open();
  Place place = *subscribe();
  const Status second = subscribe().status();
  EXPECT_EQ(second.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("group billing has a subscriber to orders already"));
  EXPECT_TRUE(run(place->close()).ok());
  EXPECT_TRUE(subscribe().ok());
}

TEST_F(EventLog, RefusesToBeOpenedTwice) {
  open();
  const Status second = open_log(options_).status();
  EXPECT_EQ(second.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("event log: /log/lock"));
}

TEST_F(EventLog, PublishersShareASync) {
  open();
  EXPECT_TRUE(publish({"first"}).ok());
  const std::uint64_t before = disk_->syncs();
  std::vector<CloudEvent> events;
  for (int i = 0; i < 50; ++i) events.push_back(event_of(std::to_string(i)));
  Scope scope(nullptr);
  int stored = 0;
  host().enter([&] {
    for (const CloudEvent& event : events) {
      scope.spawn([](Broker& log, const CloudEvent* one, int* count) -> Task<> {
        const std::span<const CloudEvent> span(one, 1);
        const Status status = co_await log.publish("orders", span);
        if (status.ok()) ++*count;
      }(*log_, &event, &stored));
    }
  });
  run(scope.join());
  EXPECT_EQ(stored, 50);
  EXPECT_EQ(disk_->syncs(), before + 1);
}

TEST_F(EventLog, SaysThatTheDiskIsFullAndThatTooMuchWaits) {
  options_.max_queued_bytes = 2000;
  open();
  EXPECT_TRUE(publish({"1"}).ok());
  disk_->set_room(20);
  EXPECT_EQ(publish({"2"}).code(), StatusCode::ResourceExhausted);
  disk_->set_room(UINT64_MAX);
  EXPECT_TRUE(publish({"3"}).ok());
  const CloudEvent large = event_of(std::string(1500, 'x'));
  Scope scope(nullptr);
  std::vector<Status> statuses;
  host().enter([&] {
    for (int i = 0; i < 2; ++i) {
      scope.spawn([](Broker& log, const CloudEvent* one, std::vector<Status>* into) -> Task<> {
        const std::span<const CloudEvent> span(one, 1);
        Status status = co_await log.publish("orders", span);
        into->push_back(std::move(status));
      }(*log_, &large, &statuses));
    }
  });
  run(scope.join());
  ASSERT_EQ(statuses.size(), 2U);
  EXPECT_EQ(statuses[0].code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(statuses[0].message(), HasSubstr("LogOptions::max_queued_bytes"));
  EXPECT_TRUE(statuses[1].ok());
  EXPECT_THAT(next(**subscribe()).size(), 3U);
}

TEST_F(EventLog, KeepsWhatAGroupHasNotHandled) {
  options_.segment_bytes = 200;
  options_.keep_bytes = 500;
  open();
  Place place = *subscribe();
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(publish({std::to_string(i)}).ok());
  EXPECT_EQ(next(*place).size(), 30U);
  for (std::uint64_t i = 0; i < 30; ++i) place->acknowledge(i);
  network_.run_for(1s);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(publish({std::to_string(i)}).ok());
  EXPECT_LT(next(**subscribe(StartAt::oldest(), "late")).size(), 15U);
}

TEST_F(EventLog, DropsUnreadEventsWhereToldToAndLogsIt) {
  options_.segment_bytes = 200;
  options_.keep_bytes = 500;
  options_.drops_unread = true;
  open();
  const Place place = *subscribe();
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(publish({std::to_string(i)}).ok());
  const std::vector<std::string> left = next(*place);
  EXPECT_LT(left.size(), 15U);
  EXPECT_EQ(left.back(), "29");
}

TEST_F(EventLog, SaysThatTheEndOfTheLogIsLost) {
  open();
  EXPECT_TRUE(publish({"1", "2"}).ok());
  Place place = *subscribe();
  EXPECT_EQ(next(*place).size(), 2U);
  place->acknowledge(0);
  place->acknowledge(1);
  EXPECT_TRUE(run(place->close()).ok());
  place.reset();
  close();
  std::string& file = disk_->content("/log/topics/orders/00000000000000000000.log");
  file.resize(file.size() - 1);
  const Status status = open_log(options_).status();
  EXPECT_EQ(status.code(), StatusCode::DataLoss);
  EXPECT_THAT(status.message(), HasSubstr("group billing has handled the event 1 of orders"));
}

TEST_F(EventLog, ACancelledSubscribeLeavesThePlaceFree) {
  open();
  {
    SubscriptionOptions options;
    options.topic = "orders";
    options.group = "billing";
    Context context;
    context.cancel(cancelled("test"));
    Task<Result<Place>> task = log_->subscribe(options);
    EXPECT_FALSE(testing::run(host(), std::move(task), 1h, &context).ok());
  }
  network_.run_for(1s);
  EXPECT_TRUE(subscribe().ok());
}

TEST(EventBody, RefusesWhatIsNoEvent) {
  const std::string body = stored::encode_event(event_of("data", "key"));
  for (std::size_t size = 1; size < body.size(); ++size) {
    const Result<CloudEvent> event = stored::decode_event(body.substr(0, size));
    if (!event.ok()) {
      EXPECT_EQ(event.status().code(), StatusCode::DataLoss);
    }
  }
  EXPECT_TRUE(stored::decode_event(body).ok());
}

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

/// "1 of tries", with "!" where it was interrupted.
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

/// The same code with its thread and real files.
TEST(EventLogFiles, PublishesAndReadsWithAThread) {
  const testing::Folder folder;
  net::AsioLoop loop;
  std::shared_ptr<Broker> log = *open_broker("log:" + folder.file("log"));
  EXPECT_EQ(open_broker("log:" + folder.file("log"))->get(), log.get());
  Publisher publisher({.broker = log, .topic = "orders", .source = "shop"});
  google::protobuf::StringValue message;
  for (int i = 0; i < 20; ++i) {
    message.set_value(std::to_string(i));
    const Status stored = testing::run(loop, publisher.publish(message, "k"));
    ASSERT_TRUE(stored.ok()) << stored;
  }
  SubscriptionOptions options;
  options.topic = "orders";
  options.group = "billing";
  Place place = *testing::run(loop, log->subscribe(options));
  std::size_t count = 0;
  while (count < 20) count += testing::run(loop, place->next(7))->size();
  EXPECT_EQ(count, 20U);
  EXPECT_TRUE(testing::run(loop, place->close()).ok());
}

}  // namespace
}  // namespace weft::messaging
