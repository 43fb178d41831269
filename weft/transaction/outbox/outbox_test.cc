#include "weft/transaction/outbox/outbox.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/internal/test_forwarding_driver.h"
#include "weft/transaction/outbox/service_sink.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = google::protobuf::StringValue;

events::Event event_of(const std::string& key, const std::string& data) {
  events::Event event;
  event.type = "shop.Paid";
  event.key = key;
  event.data = Bytes::copy_of(data);
  return event;
}

/// Keeps what is published; refuses some keys.
class ListSink final : public events::EventSink {
 public:
  Task<Status> publish(const events::Event& event) override {
    if (refused.contains(event.key)) return unavailable("the broker is away");
    if (disk != nullptr && disk->is_stopped()) return unavailable("this process is dead");
    if (left == 0) return unavailable("this process is dead");
    if (hanging.contains(event.key)) return hang();
    if (at_publish) at_publish();
    --left;
    events.push_back(event);
    times.push_back(net::Loop::current()->now());
    return ok_status();
  }
  std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const events::Event& event : events) all.push_back(event.data.to_string());
    return all;
  }
  std::vector<events::Event> events;
  std::vector<TimePoint> times;
  std::set<std::string> refused;
  std::set<std::string> hanging;
  std::function<void()> at_publish;
  const weft::testing::SqliteDisk* disk = nullptr;  // whose power takes the process with it
  int left = 1000;                                  // so many are published before the process dies

 private:
  static Task<Status> hang() {
    net::Wait wait(*net::Loop::current());
    co_return co_await wait;
  }
};

/// Counts what is asked of a database.
class CountingDriver final : public test::ForwardingDriver {
 public:
  using ForwardingDriver::ForwardingDriver;
  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    ++statements;
    return ForwardingDriver::run(std::move(statement));
  }
  int statements = 0;
};

/// Commits an effect with its event, or takes both back.
Task<Result<Text>> pay(OnceTransaction& tx, const Text& request, Outbox outbox, std::string key,
                       bool fails) {
  const Result<sql::Rows> done = co_await tx.run("UPDATE account SET cents = cents + 1");
  if (!done.ok()) co_return done.status();
  Status emitted = co_await outbox.emit(tx, event_of(key, request.value()));
  if (!emitted.ok()) co_return emitted;
  if (fails) co_return invalid_argument("taken back");
  co_return request;
}

Task<Status> receive(OnceTransaction& tx, const events::Event&) {
  co_return (co_await tx.run("UPDATE account SET received = received + 1")).status();
}

class OutboxTest : public ::testing::Test {
 protected:
  /// A relay from here to the end of its scope.
  class Relaying {
   public:
    Relaying(OutboxTest& test, const Outbox& outbox) : test_(test), task_(outbox.relay(test.sink)) {
      test.host.enter([&] {
        task_.start(&context_,
                    {[](void* done) noexcept { *static_cast<bool*>(done) = true; }, &done_});
      });
    }
    Relaying(const Relaying&) = delete;
    Relaying& operator=(const Relaying&) = delete;
    ~Relaying() {
      test_.host.enter([&] { context_.cancel(cancelled("the test has ended")); });
      test_.network.run_while_not([&] { return done_; });
    }

   private:
    OutboxTest& test_;
    Context context_;
    bool done_ = false;
    Task<Status> task_;
  };

  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(host, std::move(task));
  }
  void open(const std::string& vfs = {}) {
    sqlite::Options options;
    options.migrations.push_back({"account",
                                  "CREATE TABLE account(cents INTEGER, received INTEGER); INSERT "
                                  "INTO account VALUES (0, 0)"});
    options.vfs = vfs;
    counting = std::make_shared<CountingDriver>(*run(sqlite::open(path, options)));
    db = std::make_unique<sql::Database>(counting);
    barrier = std::make_unique<Barrier>(*run(Barrier::open(*db)));
    outbox = std::make_unique<Outbox>(*run(Outbox::open(*db, "shop/orders")));
  }
  void close() {
    outbox.reset();
    barrier.reset();
    db.reset();
    counting.reset();
  }
  Status emit(const std::string& key, const std::string& data, bool fails = false) {
    Call call(Call::Side::Server, host, "/shop.Shop/Pay", nullptr, nullptr);
    call.request_metadata().add("idempotency-key", data);
    ServerContext context(call);
    Text request;
    request.set_value(data);
    return run(barrier->once(context, request, pay, *outbox, key, fails)).status();
  }
  int number(const char* column) {
    return *run(db->one<int>(std::string("SELECT ") + column + " FROM account"));
  }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  weft::testing::Folder folder;
  std::string path = folder.file("data.db");
  ListSink sink;
  std::shared_ptr<CountingDriver> counting;
  std::unique_ptr<sql::Database> db;
  std::unique_ptr<Barrier> barrier;
  std::unique_ptr<Outbox> outbox;
};

TEST_F(OutboxTest, PublishesWhatIsCommittedInItsOrder) {
  open();
  EXPECT_TRUE(emit("a", "1").ok());
  EXPECT_FALSE(emit("a", "2", true).ok());
  EXPECT_TRUE(emit("a", "3").ok());
  const Relaying relaying(*this, *outbox);
  network.run_for(1s);
  EXPECT_THAT(sink.data(), ElementsAre("1", "3"));
  EXPECT_EQ(sink.events[0].source, "shop/orders");
  EXPECT_EQ(sink.events[0].id.size(), 36U);
  EXPECT_NE(sink.events[0].id, sink.events[1].id);
  EXPECT_EQ(*run(db->one<int>("SELECT count(*) FROM weft_outbox")), 0);
}

TEST_F(OutboxTest, ACommitWakesAnIdleRelay) {
  open();
  const Relaying relaying(*this, *outbox);
  network.run_for(1h);
  EXPECT_TRUE(emit("a", "1").ok());
  const TimePoint committed = network.now();
  network.run_for(1s);
  ASSERT_EQ(sink.times.size(), 1U);
  EXPECT_LE(sink.times[0] - committed, 1ms);
}

TEST_F(OutboxTest, AnIdleRelayAsksOnceASecond) {
  open();
  const Relaying relaying(*this, *outbox);
  network.run_for(10s);
  const int before = counting->statements;
  network.run_for(100s);
  EXPECT_LE(counting->statements - before, 101);
  EXPECT_GE(counting->statements - before, 99);
}

TEST_F(OutboxTest, FindsWhatAnotherProcessHasEmitted) {
  open();
  const Relaying relaying(*this, *outbox);
  network.run_for(10s);
  *outbox = *run(Outbox::open(*db, "shop/orders"));
  EXPECT_TRUE(emit("a", "1").ok());
  network.run_for(1100ms);
  EXPECT_THAT(sink.data(), ElementsAre("1"));
}

TEST_F(OutboxTest, AnEventThatFailsHoldsUpItsKeyOnly) {
  open();
  sink.refused = {"a"};
  const Relaying relaying(*this, *outbox);
  for (const auto& [key, data] :
       std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "2"}, {"a", "3"}}) {
    EXPECT_TRUE(emit(key, data).ok());
  }
  network.run_for(10s);
  EXPECT_THAT(sink.data(), ElementsAre("2"));
  sink.refused.clear();
  network.run_for(2s);
  EXPECT_THAT(sink.data(), ElementsAre("2", "1", "3"));
}

TEST_F(OutboxTest, OnlyTheOwnerPublishes) {
  open();
  EXPECT_TRUE(run(db->run("UPDATE weft_outbox_owner SET owner = 'x', epoch = 7, lease_until = $1",
                          INT64_MAX))
                  .ok());
  EXPECT_TRUE(emit("a", "1").ok());
  const Relaying relaying(*this, *outbox);
  network.run_for(1min);
  EXPECT_THAT(sink.data(), IsEmpty());
  EXPECT_TRUE(run(db->run("UPDATE weft_outbox_owner SET lease_until = 0")).ok());
  network.run_for(2s);
  EXPECT_THAT(sink.data(), ElementsAre("1"));
  EXPECT_EQ(*run(db->one<int>("SELECT epoch FROM weft_outbox_owner")), 8);
}

TEST_F(OutboxTest, RefusesASecondRelayOfAHandle) {
  open();
  const Relaying relaying(*this, *outbox);
  EXPECT_EQ(run(outbox->relay(sink)).to_string(),
            "FAILED_PRECONDITION: this outbox has a relay already");
}

TEST_F(OutboxTest, AnEventKeepsTheSourceThatItWasEmittedWith) {
  open();
  EXPECT_TRUE(emit("a", "1").ok());
  *outbox = *run(Outbox::open(*db, "shop/renamed"));
  EXPECT_TRUE(emit("a", "2").ok());
  const Relaying relaying(*this, *outbox);
  network.run_for(1s);
  ASSERT_THAT(sink.data(), ElementsAre("1", "2"));
  EXPECT_EQ(sink.events[0].source, "shop/orders") << "the inbox knows it by this";
  EXPECT_EQ(sink.events[1].source, "shop/renamed");
}

TEST_F(OutboxTest, ACancelledRelayPublishesNothingTwice) {
  open();
  for (const char* data : {"1", "2", "3"}) EXPECT_TRUE(emit("a", data).ok());
  Context context;
  sink.at_publish = [&] { context.cancel(cancelled("the process ends")); };
  bool done = false;
  Task<Status> relay = outbox->relay(sink);
  host.enter([&] {
    relay.start(&context, {[](void* is) noexcept { *static_cast<bool*>(is) = true; }, &done});
  });
  network.run_while_not([&] { return done; });
  EXPECT_THAT(sink.data(), ElementsAre("1"));
  EXPECT_EQ(*run(db->one<int>("SELECT count(*) FROM weft_outbox")), 2);
}

TEST_F(OutboxTest, AReceiverThatHangsHasOneLeaseForAnEvent) {
  open();
  sink.hanging = {"a"};
  EXPECT_TRUE(emit("a", "1").ok());
  EXPECT_TRUE(emit("b", "2").ok());
  const Relaying relaying(*this, *outbox);
  network.run_for(11s);
  EXPECT_THAT(sink.data(), ElementsAre("2"));
}

TEST_F(OutboxTest, RefusesAnEventThatIsTooLarge) {
  open();
  const auto emit_large = [&]() -> Task<Status> {
    Result<sql::Transaction> tx = co_await db->begin();
    if (!tx.ok()) co_return tx.status();
    events::Event event = event_of("a", std::string(Outbox::kMostData + 1, 'x'));
    co_return co_await outbox->emit(*tx, std::move(event));
  };
  EXPECT_EQ(
      run(emit_large()).to_string(),
      "INVALID_ARGUMENT: the event's data has 1048577 bytes, more than the 1048576 that it may "
      "have");
}

TEST_F(OutboxTest, RefusesAnEventWithALongKey) {
  open();
  EXPECT_THAT(emit(std::string(256, 'k'), "1").to_string(),
              HasSubstr("INVALID_ARGUMENT: the event's key has 256 bytes"));
}

TEST_F(OutboxTest, TheInboxTakesAnEventOnce) {
  open();
  events::Event event = event_of("a", "1");
  EXPECT_THAT(run(barrier->once(event, receive)).to_string(),
              HasSubstr("needs a source and an id"));
  event.source = "shop/orders";
  event.id = "e1";
  EXPECT_TRUE(run(barrier->once(event, receive)).ok());
  EXPECT_TRUE(run(barrier->once(event, receive)).ok());
  event.id = "e2";
  EXPECT_TRUE(run(barrier->once(event, receive)).ok());
  EXPECT_EQ(number("received"), 2);
}

/// Serves a method whose work is done once for each event.
class Receiver final : public Service {
 public:
  explicit Receiver(Barrier barrier) : barrier_(std::move(barrier)) {}
  Task<Status> serve(Call& call) override { return run(call); }
  std::string type;
  int calls = 0;

 private:
  static Task<Result<Text>> count(OnceTransaction& tx, const Text& request) {
    Status status = co_await receive(tx, events::Event());
    if (!status.ok()) co_return status;
    co_return request;
  }
  Task<Status> run(Call& call) {
    ++calls;
    type = std::as_const(call).request_metadata().get("weft-event-type").value_or("");
    ServerContext context(call);
    std::optional<Message> message = co_await call.requests().read();
    Text request;
    if (!request.ParseFromString(message->bytes().to_string())) co_return internal_error("no text");
    const Result<Text> reply = co_await barrier_.once(context, request, count);
    if (!reply.ok()) co_return reply.status();
    const Message answer(internal::serialized(*reply));
    static_cast<void>(co_await call.responses().write(answer));
    co_return Status();
  }
  Barrier barrier_;
};

TEST_F(OutboxTest, AServiceTakesAnEventOnce) {
  open();
  Receiver receiver(*barrier);
  constexpr MethodDescriptor kTake{.name = "Take", .path = "/shop.Ledger/Take"};
  ServiceSink to_service(receiver, kTake);
  Text text;
  text.set_value("paid");
  events::Event event = event_of("a", text.SerializeAsString());
  event.source = "shop/orders";
  event.id = "e1";
  EXPECT_TRUE(run(to_service.publish(event)).ok());
  EXPECT_TRUE(run(to_service.publish(event)).ok());
  EXPECT_EQ(receiver.calls, 2);
  EXPECT_EQ(receiver.type, "shop.Paid");
  EXPECT_EQ(number("received"), 1);
}

TEST_F(OutboxTest, AProcessThatDiesBetweenTwoEventsLosesNone) {
  for (int published = 0; published <= 3; ++published) {
    path = folder.file("died" + std::to_string(published));
    sink.events.clear();
    open();
    for (const char* data : {"1", "2", "3"}) EXPECT_TRUE(emit("a", data).ok());
    sink.left = published;
    {
      const Relaying relaying(*this, *outbox);
      network.run_for(1s);
    }
    sink.left = 1000;
    close();
    open();
    EXPECT_TRUE(run(db->run("UPDATE weft_outbox_owner SET lease_until = 0")).ok());
    const Relaying relaying(*this, *outbox);
    network.run_for(2s);
    EXPECT_THAT(sink.data(), ElementsAre("1", "2", "3"));
  }
}

/// The power fails in each write in turn: each committed effect is published, nothing else is, and
/// the inbox takes each event once.
TEST_F(OutboxTest, ALossOfPowerLosesNoEvent) {
  bool reached_end = false;
  for (std::uint64_t stop = 1; !reached_end; ++stop) {
    ASSERT_LT(stop, 300U);
    path = folder.file("power" + std::to_string(stop));
    sink.events.clear();
    weft::testing::SqliteDisk disk(stop);
    open(disk.vfs());
    disk.stop_at(stop);
    sink.disk = &disk;
    {
      const Relaying relaying(*this, *outbox);
      for (const char* data : {"1", "2", "3"}) static_cast<void>(emit("a", data));
      network.run_for(1s);
    }
    reached_end = !disk.is_stopped();
    sink.disk = nullptr;
    close();
    disk.restart();
    open(disk.vfs());
    EXPECT_TRUE(run(db->run("UPDATE weft_outbox_owner SET lease_until = 0")).ok());
    {
      const Relaying relaying(*this, *outbox);
      network.run_for(2s);
    }
    std::set<std::string> ids;
    for (const events::Event& event : sink.events) {
      ids.insert(event.id);
      EXPECT_TRUE(run(barrier->once(event, receive)).ok());
    }
    EXPECT_EQ(static_cast<int>(ids.size()), number("cents")) << "stop " << stop;
    EXPECT_EQ(number("received"), number("cents")) << "stop " << stop;
    close();
  }
}

}  // namespace
}  // namespace weft::transaction
