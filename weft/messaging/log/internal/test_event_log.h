#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/messaging/log/internal/test_disk.h"
#include "weft/messaging/log/log_broker.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::messaging::test {

using Place = std::unique_ptr<Subscription>;

inline CloudEvent event_of(const std::string& data, const std::string& key = {}) {
  CloudEvent event;
  event.source = "shop";
  event.id = data;
  event.type = "shop.Paid";
  event.key = key;
  event.data = Bytes::copy_of(data);
  return event;
}

/// A log in virtual time, on a disk that may fail.
class EventLog : public ::testing::Test {
 protected:
  EventLog() : disk_(std::make_shared<stored::TestDisk>(1)) { options_.disk = disk_; }
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
  std::shared_ptr<stored::TestDisk> disk_;
  LogOptions options_;
  std::int64_t now_ = 1'000'000;
  std::shared_ptr<Broker> log_;
};

}  // namespace weft::messaging::test
