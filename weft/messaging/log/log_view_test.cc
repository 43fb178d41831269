#include "weft/messaging/log/log_view.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/messaging/log/internal/test_disk.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::messaging {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Views : public ::testing::Test {
 protected:
  Views() {
    options_.folder = "/log";
    options_.disk = std::make_shared<stored::TestDisk>(1);
    options_.segment_bytes = 300;
    options_.clock = [this] { return now_; };
    log_ = *open_log(options_);
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run(network_.host("a"), std::move(task));
  }
  void publish(const std::string& data) {
    CloudEvent event;
    event.source = "shop";
    event.id = data;
    event.type = "shop.Paid";
    event.data = Bytes::copy_of(data);
    const Status stored = run(log_->publish("orders", {&event, 1}));
    EXPECT_TRUE(stored.ok()) << stored;
    now_ += 1000;
  }
  std::unique_ptr<Subscription> subscribe() {
    SubscriptionOptions options;
    options.topic = "orders";
    options.group = "billing";
    return *run(log_->subscribe(options));
  }
  static std::vector<std::string> ids(const Result<std::vector<Delivery>>& events) {
    std::vector<std::string> all;
    EXPECT_TRUE(events.ok()) << events.status();
    if (!events.ok()) return all;
    for (const Delivery& delivery : *events) all.push_back(delivery.event.id);
    return all;
  }

  net::SimNetwork network_{1};
  LogOptions options_;
  std::int64_t now_ = 1'000'000;
  std::shared_ptr<Broker> log_;
};

TEST_F(Views, ShowWhatIsThereWhileAProgramHasTheLogOpen) {
  publish("1");
  publish("2");
  publish("3");
  const std::unique_ptr<Subscription> place = subscribe();
  EXPECT_EQ(run(place->next(10))->size(), 3U);
  place->acknowledge(0);
  place->acknowledge(2);
  network_.run_for(std::chrono::seconds(1));
  const LogView view = *LogView::open(options_);
  ASSERT_EQ(view.topics().size(), 1U);
  EXPECT_EQ(view.topics()[0].name, "orders");
  EXPECT_EQ(view.topics()[0].first, 0U);
  EXPECT_EQ(view.topics()[0].end, 3U);
  const std::vector<LogView::Group> groups = *view.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "billing");
  EXPECT_EQ(groups[0].topic, "orders");
  EXPECT_EQ(groups[0].position, 1U);
  EXPECT_EQ(groups[0].waiting, 1U);
  EXPECT_THAT(ids(view.read("orders", 0, 10)), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids(view.read("orders", 1, 1)), ElementsAre("2"));
  EXPECT_THAT(ids(view.read("orders", 3, 1)), IsEmpty());
  EXPECT_EQ(*view.position_at("orders", 1'001'500), 2U);
}

TEST_F(Views, FollowTheLogAcrossSegments) {
  publish("0");
  LogView view = *LogView::open(options_);
  std::uint64_t next = 0;
  for (int i = 1; i < 30; ++i) {
    for (const std::string& id : ids(view.read("orders", next, 100))) {
      EXPECT_EQ(id, std::to_string(next++));
    }
    EXPECT_EQ(next, static_cast<std::uint64_t>(i));
    publish(std::to_string(i));
    EXPECT_TRUE(view.refresh().ok());
  }
}

TEST_F(Views, SayWhatIsNotThere) {
  const LogView view = *LogView::open(options_);
  EXPECT_EQ(view.read("orders", 0, 1).status().message(), "the log /log has no topic orders");
  EXPECT_EQ(view.position_at("orders", 0).status().code(), StatusCode::NotFound);
}

TEST_F(Views, AReplayHasAGroupGoOnElsewhere) {
  for (const char* const id : {"1", "2", "3"}) publish(id);
  std::unique_ptr<Subscription> place = subscribe();
  EXPECT_EQ(run(place->next(10))->size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) place->acknowledge(i);
  EXPECT_TRUE(run(place->close()).ok());
  place.reset();
  EXPECT_THAT(replay(options_, "orders", "billing", StartAt::position(1)).message(),
              HasSubstr("it is locked"));
  log_.reset();
  EXPECT_EQ(replay(options_, "none", "billing", {}).code(), StatusCode::NotFound);
  EXPECT_EQ(replay(options_, "orders", "billing", StartAt::position(9)).code(),
            StatusCode::OutOfRange);
  EXPECT_TRUE(replay(options_, "orders", "billing", StartAt::position(1)).ok());
  log_ = *open_log(options_);
  place = subscribe();
  EXPECT_THAT(ids(run(place->next(10))), ElementsAre("2", "3"));
}

}  // namespace
}  // namespace weft::messaging
