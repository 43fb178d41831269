#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/messaging/log/log_broker.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using messaging::Broker;
using messaging::CloudEvent;
using messaging::LogOptions;
using messaging::Subscription;
using ::testing::HasSubstr;
using ::testing::Not;

/// A log with three events of `orders`, the first of which a group has handled, and a dead letter.
class WeftEvents : public ::testing::Test {
 public:
  void SetUp() override {
    log = open();
    for (const char* const id : {"1", "2", "3"}) publish("orders", event_of(id));
    CloudEvent dead = event_of("2");
    dead.set("deadtopic", "orders");
    dead.set("deadgroup", "billing");
    dead.set("deadreason", "no such\norder");
    publish("orders.dead", dead);
    const std::unique_ptr<Subscription> place = subscribe();
    EXPECT_EQ(testing::run(loop, place->next(10))->size(), 3U);
    place->acknowledge(0);
    EXPECT_TRUE(testing::run(loop, place->close()).ok());
  }
  std::shared_ptr<Broker> open() const {
    LogOptions options;
    options.folder = path;
    return *messaging::open_log(std::move(options));
  }
  static CloudEvent event_of(const std::string& id) {
    CloudEvent event;
    event.source = "shop";
    event.id = id;
    event.type = "shop.Paid";
    event.key = "k\n" + id;
    event.data = Bytes::copy_of("data");
    return event;
  }
  void publish(const std::string& topic, const CloudEvent& event) {
    const Status stored = testing::run(loop, log->publish(topic, {&event, 1}));
    EXPECT_TRUE(stored.ok()) << stored;
  }
  std::unique_ptr<Subscription> subscribe() {
    messaging::SubscriptionOptions options;
    options.topic = "orders";
    options.group = "billing";
    return *testing::run(loop, log->subscribe(std::move(options)));
  }
  static Ended weft(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "events");
    return run_weft(arguments);
  }

  const testing::Folder folder;
  const std::string path = folder.file("log");
  net::AsioLoop loop;
  std::shared_ptr<Broker> log;
};

TEST_F(WeftEvents, ListsTopicsAndGroupsWhileAProgramHasTheLog) {
  const Ended listed = weft({"list", path});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("orders       0      3"));
  EXPECT_THAT(listed.out, HasSubstr("billing  orders  1         2"));
  const Ended json = weft({"list", "log:" + path, "--json"});
  EXPECT_THAT(json.out,
              HasSubstr(R"({"group":"billing","topic":"orders","position":1,"waiting":2})"));
}

TEST_F(WeftEvents, ShowsEventsAndWhyTheyAreDead) {
  const Ended shown = weft({"show", path, "orders.dead"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out,
              HasSubstr("deadtopic=orders deadgroup=billing deadreason=\"no such\\norder\""));
  const Ended one = weft({"show", path, "orders", "--from", "1", "-n", "1", "--json"});
  EXPECT_THAT(one.out, HasSubstr(R"("id":"2","type":"shop.Paid","partitionkey":"k\u000a2")"));
  EXPECT_THAT(one.out, HasSubstr(R"("data_base64":"ZGF0YQ==")"));
  EXPECT_THAT(one.out, Not(HasSubstr(R"("id":"3")")));
  EXPECT_EQ(weft({"show", path, "orders", "--time", "2100-01-01T00:00:00Z", "--json"}).out, "");
}

TEST_F(WeftEvents, ReplaysAndRequeuesOnlyWhereNoProgramHasTheLog) {
  EXPECT_THAT(weft({"replay", path, "orders", "billing"}).err,
              HasSubstr("has this log open already"));
  EXPECT_THAT(weft({"requeue", path, "orders.dead"}).err, HasSubstr("has this log open already"));
  log.reset();
  const Ended replayed = weft({"replay", path, "orders", "billing", "--from", "2"});
  EXPECT_EQ(replayed.status, 0) << replayed.err;
  EXPECT_EQ(weft({"requeue", path, "orders.dead"}).out, "1 events\n");
  EXPECT_EQ(weft({"requeue", path, "orders.dead"}).out, "0 events\n");
  log = open();
  const auto events = testing::run(loop, subscribe()->next(10));
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->front().event.id, "3");
  EXPECT_EQ(events->back().event.id, "2");
  EXPECT_EQ(*events->back().event.find("forgroup"), "billing");
}

TEST_F(WeftEvents, SaysWhatIsWrong) {
  EXPECT_THAT(weft({"list", folder.file("none")}).err, HasSubstr("No such file"));
  EXPECT_THAT(weft({"show", path, "nothing"}).err, HasSubstr("has no topic nothing"));
  EXPECT_THAT(weft({"tail", path, "nothing"}).err, HasSubstr("has no topic nothing"));
  EXPECT_THAT(weft({"requeue", path, "nothing"}).err, HasSubstr("has no topic nothing"));
  EXPECT_THAT(weft({"show", path, "orders", "--time", "noon"}).err, HasSubstr("'noon' is no time"));
}

}  // namespace
}  // namespace weft::test
