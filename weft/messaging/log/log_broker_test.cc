#include "weft/messaging/log/log_broker.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/messaging/events/publisher.h"
#include "weft/messaging/log/internal/event_body.h"
#include "weft/messaging/log/internal/test_event_log.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::messaging {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using test::event_of;
using test::EventLog;
using test::Place;

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
