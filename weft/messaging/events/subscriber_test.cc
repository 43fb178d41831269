#include "weft/messaging/events/subscriber.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/messaging/events/internal/test_broker.h"
#include "weft/messaging/events/publisher.h"
#include "weft/messaging/events/received_event.h"
#include "weft/messaging/events/requeue.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

#include "test_orders.weft.h"

namespace weft::messaging {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Empty;
using test::TestBroker;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace orders = weft_test::orders;

/// Notes what comes; a test scripts what becomes of an order.
class Billing final : public orders::OrderEventsService {
 public:
  using Script = std::function<Task<Status>(const std::string& order, int tries)>;
  struct Seen {
    std::vector<std::string> orders;
    std::vector<TimePoint> times;
    std::map<std::string, int> tries;
    Script script;
    std::string trace;
    std::string key;
    int running = 0;
    int most_running = 0;
  };
  explicit Billing(Seen& seen) : seen_(seen) {}

  Task<Result<Empty>> Paid(ServerContext& context, const orders::OrderPaid& paid) override {
    seen_.orders.push_back(paid.order_id());
    seen_.times.push_back(net::Loop::current()->now());
    if (const ReceivedEvent* const received = received_event(context)) {
      seen_.key = received->event->key;
    }
    seen_.trace = context.context().trace().valid() ? "traced" : "";
    const int tries = ++seen_.tries[paid.order_id()];
    seen_.most_running = std::max(seen_.most_running, ++seen_.running);
    Status status;
    if (seen_.script) status = co_await seen_.script(paid.order_id(), tries);
    --seen_.running;
    if (!status.ok()) co_return status;
    co_return Empty();
  }
  Task<Result<Empty>> Sent(ServerContext&, const orders::OrderSent&) override { return Empty(); }

 private:
  Seen& seen_;
};

class Subscribing : public ::testing::Test {
 protected:
  Subscribing() : broker_(std::make_shared<TestBroker>()) {
    options_.broker = broker_;
    options_.group = "billing";
    options_.topics = {"orders"};
    options_.loop = &host();
  }
  ~Subscribing() override { stop(); }

  net::SimLoop& host() { return network_.host("a"); }
  void start() {
    subscriber_ = std::make_unique<Subscriber>(options_);
    for (const Middleware& middleware : middlewares_) subscriber_->use(middleware);
    subscriber_->add<Billing>(seen_);
    const Status status = subscriber_->start();
    ASSERT_TRUE(status.ok()) << status;
  }
  void stop(Duration grace = 10s) {
    if (subscriber_ == nullptr) return;
    testing::run(host(), subscriber_->shutdown(grace));
    subscriber_.reset();
  }
  Status publish(const std::string& order, const std::string& key) {
    Publisher publisher({.broker = broker_, .topic = "orders", .source = "shop"});
    orders::OrderPaid paid;
    paid.set_order_id(order);
    return testing::run(host(), publisher.publish(paid, key));
  }
  void run_for(Duration duration) { network_.run_for(duration); }

  net::SimNetwork network_{1};
  std::shared_ptr<TestBroker> broker_;
  SubscriberOptions options_;
  std::vector<Middleware> middlewares_;
  Billing::Seen seen_;
  std::unique_ptr<Subscriber> subscriber_;
};

TEST_F(Subscribing, CallsTheMethodThatTakesTheEvent) {
  EXPECT_TRUE(publish("1", "k").ok());
  start();
  run_for(1s);
  EXPECT_TRUE(publish("2", "k").ok());
  run_for(1s);
  EXPECT_THAT(seen_.orders, ElementsAre("1", "2"));
  EXPECT_EQ(seen_.key, "k");
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 2U);
  EXPECT_EQ(subscriber_->stats().acknowledged, 2U);
  EXPECT_EQ(subscriber_->stats().held, 0U);
}

TEST_F(Subscribing, TriesAgainAfterAPauseAndKeepsTheOrderOfTheKey) {
  seen_.script = [](const std::string& order, int tries) -> Task<Status> {
    return order == "a1" && tries < 3 ? unavailable("the bank is away") : Status();
  };
  start();
  for (const char* const order : {"a1", "a2", "b1"}) {
    EXPECT_TRUE(publish(order, std::string(1, order[0])).ok());
  }
  run_for(100ms);
  EXPECT_THAT(seen_.orders, ElementsAre("a1", "b1"));
  run_for(10s);
  EXPECT_THAT(seen_.orders, ElementsAre("a1", "b1", "a1", "a1", "a2"));
  EXPECT_GE(seen_.times[2] - seen_.times[0], 800ms);
  EXPECT_GT(seen_.times[3] - seen_.times[2], seen_.times[2] - seen_.times[0]);
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 3U);
  EXPECT_EQ(subscriber_->stats().retries, 2U);
}

TEST_F(Subscribing, GivesWhatCannotBeHandledToTheDeadLettersAtOnce) {
  seen_.script = [](const std::string& order, int) -> Task<Status> {
    return order == "bad" ? invalid_argument("no such order") : Status();
  };
  start();
  EXPECT_TRUE(publish("bad", "k").ok());
  EXPECT_TRUE(publish("good", "k").ok());
  run_for(100ms);
  EXPECT_THAT(seen_.orders, ElementsAre("bad", "good"));
  ASSERT_EQ(broker_->events("orders.dead").size(), 1U);
  const CloudEvent& dead = broker_->events("orders.dead").front();
  EXPECT_EQ(dead.type, "weft_test.orders.OrderPaid");
  EXPECT_EQ(dead.id, broker_->events("orders").front().id);
  EXPECT_EQ(*dead.find("deadtopic"), "orders");
  EXPECT_EQ(*dead.find("deadgroup"), "billing");
  EXPECT_EQ(*dead.find("deadcode"), "INVALID_ARGUMENT");
  EXPECT_EQ(*dead.find("deadreason"), "no such order");
  EXPECT_EQ(*dead.find("deadtries"), "1");
  EXPECT_EQ(subscriber_->stats().dead_letters, 1U);
}

TEST_F(Subscribing, GivesUpAfterTheLastTry) {
  options_.max_tries = 3;
  options_.dead_letters = "graveyard";
  seen_.script = [](const std::string&, int) -> Task<Status> { return aborted("again"); };
  start();
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(1min);
  EXPECT_THAT(seen_.orders, ElementsAre("1", "1", "1"));
  ASSERT_EQ(broker_->events("graveyard").size(), 1U);
  EXPECT_EQ(*broker_->events("graveyard").front().find("deadtries"), "3");
}

TEST_F(Subscribing, GivesAnEventThatEndsTheProgramToTheDeadLetters) {
  options_.max_tries = 3;
  EXPECT_TRUE(publish("deadly", "k").ok());
  EXPECT_TRUE(publish("good", "k").ok());
  broker_->interrupted[0] = 3;
  start();
  run_for(100ms);
  EXPECT_THAT(seen_.orders, ElementsAre("good"));
  ASSERT_EQ(broker_->events("orders.dead").size(), 1U);
  const CloudEvent& dead = broker_->events("orders.dead").front();
  EXPECT_EQ(*dead.find("deadcode"), "INTERNAL");
  EXPECT_EQ(*dead.find("deadreason"), "the program ended while it handled the event");
  EXPECT_EQ(*dead.find("deadtries"), "3");
}

TEST_F(Subscribing, HandlesEventsThatMayEndTheProgramOneAtATime) {
  int suspects = 0;
  int most_suspects = 0;
  seen_.script = [&](const std::string& order, int) -> Task<Status> {
    if (order == "good") co_return Status();
    most_suspects = std::max(most_suspects, ++suspects);
    const Status slept = co_await net::sleep(1s);
    --suspects;
    co_return slept;
  };
  for (std::uint64_t i = 0; i < 3; ++i) {
    broker_->interrupted[i] = 1;
    EXPECT_TRUE(publish("suspect", "").ok());
  }
  EXPECT_TRUE(publish("good", "").ok());
  start();
  run_for(500ms);
  // It does not wait for them.
  EXPECT_THAT(seen_.orders, ElementsAre("suspect", "good"));
  run_for(10s);
  EXPECT_EQ(seen_.orders.size(), 4U);
  EXPECT_EQ(most_suspects, 1);
}

TEST_F(Subscribing, KeepsAnEventUntilTheDeadLettersHaveIt) {
  seen_.script = [this](const std::string&, int) -> Task<Status> {
    broker_->refuses = unavailable("the broker is away");
    return invalid_argument("bad");
  };
  start();
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(10s);
  EXPECT_THAT(broker_->acknowledged("orders", "billing"), IsEmpty());
  broker_->refuses = {};
  run_for(1min);
  EXPECT_EQ(broker_->events("orders.dead").size(), 1U);
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 1U);
}

TEST_F(Subscribing, RequeuedLettersComeToTheirGroupOnly) {
  seen_.script = [](const std::string&, int tries) -> Task<Status> {
    return tries == 1 ? invalid_argument("not yet") : Status();
  };
  start();
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(1s);
  EXPECT_EQ(broker_->events("orders.dead").size(), 1U);
  RequeueOptions options;
  options.dead_letters = "orders.dead";
  EXPECT_EQ(*testing::run(host(), requeue(*broker_, options)), 1U);
  EXPECT_EQ(*testing::run(host(), requeue(*broker_, options)), 0U);
  run_for(1s);
  EXPECT_THAT(seen_.orders, ElementsAre("1", "1"));
  const CloudEvent& again = broker_->events("orders").back();
  EXPECT_EQ(again.id, broker_->events("orders").front().id);
  EXPECT_EQ(again.find("deadreason"), nullptr);
  stop();
  options_.group = "mail";
  start();
  run_for(1s);
  EXPECT_THAT(seen_.orders, ElementsAre("1", "1", "1"));
}

TEST_F(Subscribing, AnEventOfAnUnknownTypeIsADeadLetter) {
  start();
  Publisher publisher({.broker = broker_, .topic = "orders", .source = "shop"});
  CloudEvent event;
  event.type = "shop.Strange";
  EXPECT_TRUE(testing::run(host(), publisher.publish(event)).ok());
  run_for(1s);
  ASSERT_EQ(broker_->events("orders.dead").size(), 1U);
  EXPECT_EQ(*broker_->events("orders.dead").front().find("deadreason"),
            "no method takes events of type 'shop.Strange'");
}

TEST_F(Subscribing, SkipsUnknownTypesWhereAskedTo) {
  options_.unknown_types = SubscriberOptions::Unknown::Skip;
  start();
  Publisher publisher({.broker = broker_, .topic = "orders", .source = "shop"});
  CloudEvent event;
  event.type = "shop.Strange";
  EXPECT_TRUE(testing::run(host(), publisher.publish(event)).ok());
  run_for(1s);
  EXPECT_THAT(broker_->events("orders.dead"), IsEmpty());
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 1U);
}

TEST_F(Subscribing, RunsNoMoreHandlersThanAllowed) {
  options_.max_handlers = 3;
  seen_.script = [](const std::string&, int) -> Task<Status> { return net::sleep(1s); };
  start();
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(publish(std::to_string(i), "").ok());
  run_for(2500ms);
  EXPECT_EQ(seen_.most_running, 3);
  EXPECT_EQ(seen_.orders.size(), 9U);
}

TEST_F(Subscribing, ReadsNoMoreThanItMayHold) {
  options_.max_held = 5;
  seen_.script = [](const std::string&, int) -> Task<Status> { return net::sleep(1s); };
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(publish(std::to_string(i), "one key").ok());
  start();
  run_for(500ms);
  EXPECT_EQ(broker_->delivered("orders", "billing"), 5U);
  EXPECT_EQ(subscriber_->stats().held, 5U);
  run_for(1s);
  EXPECT_EQ(broker_->delivered("orders", "billing"), 6U);
  run_for(30s);
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 20U);
}

TEST_F(Subscribing, AStopFinishesWhatRunsAndGivesBackTheRest) {
  seen_.script = [](const std::string& order, int) -> Task<Status> {
    if (order == "failing") co_return unavailable("away");
    co_return co_await net::sleep(2s);
  };
  start();
  for (const char* const order : {"failing", "running", "waiting"}) {
    EXPECT_TRUE(publish(order, order[0] == 'f' ? "f" : "k").ok());
  }
  run_for(100ms);
  const TimePoint begun = host().now();
  stop();
  EXPECT_EQ(host().now() - begun, 1900ms);
  EXPECT_THAT(seen_.orders, ElementsAre("failing", "running"));
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 1U);
  EXPECT_FALSE(broker_->is_open("orders", "billing"));
  seen_.script = {};
  start();
  run_for(1s);
  EXPECT_THAT(seen_.orders, ElementsAre("failing", "running", "failing", "waiting"));
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 3U);
}

TEST_F(Subscribing, AStopCancelsHandlersThatTakeTooLong) {
  seen_.script = [](const std::string&, int) -> Task<Status> { return net::sleep(1h); };
  start();
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(100ms);
  stop(3s);
  EXPECT_THAT(broker_->acknowledged("orders", "billing"), IsEmpty());
  EXPECT_THAT(broker_->events("orders.dead"), IsEmpty());
}

TEST_F(Subscribing, MiddlewaresBracketEvents) {
  middlewares_.push_back(Middleware([](Call& call, Next next) -> Task<Status> {
    call.limit_timeout(500ms);
    co_return co_await next(call);
  }));
  seen_.script = [](const std::string&, int tries) -> Task<Status> {
    if (tries > 1) co_return Status();
    co_return co_await net::sleep(1h);
  };
  start();
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(10s);
  EXPECT_THAT(seen_.orders, ElementsAre("1", "1"));
  EXPECT_EQ(broker_->acknowledged("orders", "billing").size(), 1U);
}

TEST_F(Subscribing, TriesAgainToReachTheBroker) {
  broker_->refuses = unavailable("the broker is away");
  start();
  run_for(5s);
  broker_->refuses = {};
  EXPECT_TRUE(publish("1", "k").ok());
  run_for(1min);
  EXPECT_THAT(seen_.orders, ElementsAre("1"));
}

TEST_F(Subscribing, StopsWhileTheBrokerIsAway) {
  broker_->refuses = unavailable("the broker is away");
  start();
  run_for(5s);
  stop();
}

TEST_F(Subscribing, StartSaysWhatIsWrong) {
  const auto error = [this](const SubscriberOptions& options) {
    Subscriber subscriber(options);
    subscriber.add<Billing>(seen_);
    return subscriber.start();
  };
  options_.topics = {"no topic"};
  EXPECT_THAT(error(options_).message(), HasSubstr("'no topic' cannot name a topic"));
  options_.topics = {};
  EXPECT_THAT(error(options_).message(), HasSubstr("topics names none"));
  options_.topics = {"orders"};
  options_.broker = nullptr;
  options_.from = "nothing://here";
  EXPECT_THAT(error(options_).message(),
              HasSubstr("'nothing://here' names no broker that is linked"));
}

struct OtherBilling final : orders::OrderEventsService {
  Task<Result<Empty>> Paid(ServerContext&, const orders::OrderPaid&) override { return Empty(); }
};

TEST_F(Subscribing, StartRefusesServicesWithoutEvents) {
  Subscriber subscriber(options_);
  EXPECT_THAT(subscriber.start().message(), HasSubstr("no service takes events"));
}

TEST_F(Subscribing, AGeneratedClientPublishes) {
  start();
  Publisher publisher({.broker = broker_, .topic = "orders", .source = "shop"});
  const orders::OrderEventsClient events(publisher);
  orders::OrderPaid paid;
  paid.set_order_id("7");
  Metadata key;
  key.add("weft-event-key", "customer 3");
  const Result<Empty> stored = testing::run(host(), events.Paid(paid, {.metadata = &key}));
  EXPECT_TRUE(stored.ok()) << stored.status();
  run_for(1s);
  EXPECT_THAT(seen_.orders, ElementsAre("7"));
  EXPECT_EQ(seen_.key, "customer 3");
  orders::OrderSent sent;
  const Status refused = testing::run(host(), events.Describe(sent)).status();
  EXPECT_THAT(refused.message(), HasSubstr("does not return google.protobuf.Empty"));
}

TEST_F(Subscribing, TheTraceGoesWithTheEvent) {
  start();
  Context context;
  context.trace() =
      *rpc::parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  Publisher publisher({.broker = broker_, .topic = "orders", .source = "shop"});
  const orders::OrderPaid paid;
  EXPECT_TRUE(testing::run(host(), publisher.publish(paid, "k"), 1h, &context).ok());
  run_for(1s);
  EXPECT_EQ(seen_.trace, "traced");
  EXPECT_THAT(*broker_->events("orders").front().find("traceparent"),
              HasSubstr("0af7651916cd43dd8448eb211c80319c"));
}

TEST_F(Subscribing, APublisherRefusesWhatIsNoEvent) {
  Publisher publisher({.broker = broker_, .topic = "orders"});
  const orders::OrderPaid paid;
  EXPECT_EQ(testing::run(host(), publisher.publish(paid)).message(), "the event has no source");
  CloudEvent event;
  event.source = "shop";
  EXPECT_EQ(testing::run(host(), publisher.publish(event)).message(), "the event has no type");
  event.type = "t";
  event.key = std::string(300, 'k');
  EXPECT_EQ(testing::run(host(), publisher.publish(event)).message(),
            "the event's key has 300 bytes, more than the limit of 255");
  event.key = "";
  event.set("Not Allowed", "x");
  EXPECT_THAT(testing::run(host(), publisher.publish(event)).message(),
              HasSubstr("'Not Allowed' is not named by lower-case letters and digits"));
}

/// Events of random keys with random outcomes: order per key holds, and each is handled.
TEST_F(Subscribing, KeepsTheOrderOfEachKeyWhateverFails) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    broker_ = std::make_shared<TestBroker>();
    options_.broker = broker_;
    options_.max_tries = 0;
    options_.max_handlers = 1 + rng.below(5);
    options_.max_held = 1 + rng.below(30);
    seen_ = {};
    std::map<char, std::vector<std::string>> done;
    seen_.script = [&](const std::string& order, int) -> Task<Status> {
      static_cast<void>(co_await net::sleep(std::chrono::milliseconds(rng.below(300))));
      if (rng.below(3) == 0) co_return unavailable("away");
      done[order[0]].push_back(order);
      co_return Status();
    };
    std::map<char, std::vector<std::string>> expected;
    start();
    for (int i = 0; i < 60; ++i) {
      const char key = static_cast<char>('a' + rng.below(4));
      expected[key].push_back(key + std::to_string(i));
      EXPECT_TRUE(publish(expected[key].back(), std::string(1, key)).ok());
      if (rng.below(20) == 0) {
        stop();
        start();
      }
    }
    run_for(10min);
    EXPECT_EQ(done, expected);
    stop();
  }
}

}  // namespace
}  // namespace weft::messaging
