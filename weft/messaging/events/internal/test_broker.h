#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/coro/event.h"
#include "weft/messaging/events/broker.h"

namespace weft::messaging::test {

/// A broker in memory, written from the interface alone: what one has to do at least. For one loop.
class TestBroker final : public Broker {
 public:
  std::string name() const override { return "test"; }
  Task<Status> publish(std::string_view topic, std::span<const CloudEvent> events) override {
    if (!refuses.ok()) return refuses;
    Topic& to = topics_[std::string(topic)];
    to.events.insert(to.events.end(), events.begin(), events.end());
    to.more.set();
    return Status();
  }
  Task<Result<std::unique_ptr<Subscription>>> subscribe(SubscriptionOptions options) override {
    if (!refuses.ok()) return Result<std::unique_ptr<Subscription>>(refuses);
    Topic& topic = topics_[options.topic];
    return Result<std::unique_ptr<Subscription>>(
        std::make_unique<Place>(*this, topic, topic.groups[options.group]));
  }

  /// What a topic has.
  const std::vector<CloudEvent>& events(const std::string& topic) { return topics_[topic].events; }
  /// The positions that a group has acknowledged.
  const std::map<std::uint64_t, bool>& acknowledged(const std::string& topic,
                                                    const std::string& group) {
    return topics_[topic].groups[group].done;
  }
  std::size_t delivered(const std::string& topic, const std::string& group) {
    return topics_[topic].groups[group].delivered;
  }
  bool is_open(const std::string& topic, const std::string& group) {
    return topics_[topic].groups[group].open;
  }
  /// Positions that the program died with, and how often.
  std::map<std::uint64_t, std::uint32_t> interrupted;
  /// Why it does nothing now.
  Status refuses;

 private:
  struct Group {
    std::map<std::uint64_t, bool> done;
    std::map<std::uint64_t, std::uint32_t> tries;
    std::size_t delivered = 0;
    bool open = false;
  };
  struct Topic {
    std::vector<CloudEvent> events;
    std::map<std::string, Group> groups;
    Event more;
  };

  class Place final : public Subscription {
   public:
    Place(TestBroker& broker, Topic& topic, Group& group)
        : broker_(broker), topic_(topic), group_(group) {
      group_.open = true;
    }
    Task<Result<std::vector<Delivery>>> next(std::size_t most) override {
      std::vector<Delivery> batch;
      while (batch.empty()) {
        while (next_ < topic_.events.size() && batch.size() < most) take(batch);
        if (!batch.empty()) break;
        topic_.more.reset();
        Status waited = co_await topic_.more.wait();
        if (!waited.ok()) co_return waited;
      }
      co_return batch;
    }
    void acknowledge(std::uint64_t position) override { group_.done[position] = true; }
    void give_back(std::uint64_t position, std::uint32_t tries) override {
      group_.tries[position] = tries;
    }
    Task<Status> close() override {
      group_.open = false;
      return Status();
    }

   private:
    void take(std::vector<Delivery>& batch) {
      const std::uint64_t position = next_++;
      if (group_.done.contains(position)) return;
      Delivery delivery;
      delivery.event = topic_.events[position];
      delivery.position = position;
      delivery.tries = group_.tries[position];
      const auto died = broker_.interrupted.find(position);
      delivery.interrupted = died != broker_.interrupted.end();
      if (delivery.interrupted) delivery.tries = died->second;
      ++group_.delivered;
      batch.push_back(std::move(delivery));
    }
    TestBroker& broker_;
    Topic& topic_;
    Group& group_;
    std::uint64_t next_ = 0;
  };

  std::map<std::string, Topic> topics_;
};

}  // namespace weft::messaging::test
