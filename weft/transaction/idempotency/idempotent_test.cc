#include "weft/transaction/idempotency/idempotent.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/testing/run.h"
#include "weft/transaction/idempotency/idempotency_key.h"
#include "weft/transaction/idempotency/memory_replies.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr MethodDescriptor kPay{.name = "Pay", .path = "/bank.Bank/Pay"};

/// Answers after a time with the number of the call.
class Counting final : public Service {
 public:
  Task<Status> serve(Call& call) override { return run(call); }
  int calls = 0;
  Duration takes = Duration::zero();
  Status status;
  std::vector<std::string> keys;

 private:
  Task<Status> run(Call& call) {
    const int number = ++calls;
    keys.emplace_back(std::as_const(call).request_metadata().get(kIdempotencyKey).value_or("none"));
    const Status slept = co_await net::sleep(takes);
    if (!slept.ok()) co_return slept;
    if (!status.ok()) co_return status;
    const Message message(Bytes::copy_of("reply " + std::to_string(number)));
    static_cast<void>(co_await call.responses().write(message));
    co_return Status();
  }
};

class IdempotentTest : public ::testing::Test {
 protected:
  struct Made {
    explicit Made(IdempotentTest& test, const std::string& request)
        : requests(Message(Bytes::copy_of(request))),
          call(test.side, test.loop, kPay.path, &kPay, nullptr) {
      call.set_requests(requests);
      call.set_responses(responses);
    }
    std::string reply() {
      Bytes bytes;
      const Status finished = responses.finish(Status(), bytes);
      return finished.ok() ? bytes.to_string() : finished.to_string();
    }
    rpc::SingleRequest requests;
    rpc::SingleResponse responses;
    Call call;
    Status status = internal_error("under way");
    bool done = false;
    Task<Status> task{Status()};
  };
  using Handle = std::unique_ptr<Made>;

  void use() { chain.add(idempotent(store, options)); }
  Handle start(const std::string& key, const std::string& request = "100",
               Duration timeout = kForever) {
    auto made = std::make_unique<Made>(*this, request);
    if (!key.empty()) made->call.request_metadata().add(kIdempotencyKey, key);
    if (caller != nullptr) made->call.set_principal(caller);
    loop.enter([&] {
      if (timeout != kForever) made->call.limit_timeout(timeout);
      made->task = chain.serve(made->call, service);
      made->task.start(&made->call.context(), {[](void* self) noexcept {
                                                 auto& call = *static_cast<Made*>(self);
                                                 call.status = call.task.take();
                                                 call.done = true;
                                               },
                                               made.get()});
    });
    network.run_for(Duration::zero());
    return made;
  }
  /// The reply's text, or the error's.
  std::string end(Made& made) {
    EXPECT_TRUE(network.run_while_not([&] { return made.done; }));
    return made.status.ok() ? made.reply() : made.status.to_string();
  }
  std::string serve(const std::string& key, const std::string& request = "100") {
    const Handle made = start(key, request);
    return end(*made);
  }

  net::SimNetwork network{1};
  net::SimLoop& loop = network.host("here");
  std::shared_ptr<IdempotencyStore> store = std::make_shared<MemoryReplies>();
  IdempotencyOptions options;
  std::shared_ptr<const Principal> caller;
  Counting service;
  Call::Side side = Call::Side::Server;
  MiddlewareChain chain;
};

TEST_F(IdempotentTest, AnswersADuplicateFromTheSavedReply) {
  use();
  EXPECT_EQ(serve("k1"), "reply 1");
  const Handle again = start("k1");
  EXPECT_EQ(end(*again), "reply 1");
  EXPECT_EQ(std::as_const(again->call).response_metadata().get("idempotency-replayed"), "true");
  EXPECT_EQ(serve("k2"), "reply 2");
}

TEST_F(IdempotentTest, ACallWithoutAKeyRunsEachTime) {
  use();
  EXPECT_EQ(serve(""), "reply 1");
  EXPECT_EQ(serve(""), "reply 2");
}

TEST_F(IdempotentTest, RefusesAMissingKeyWhereItIsAskedTo) {
  options.missing = MissingKey::Refuse;
  use();
  EXPECT_THAT(serve(""), HasSubstr("INVALID_ARGUMENT: the method needs the metadata"));
  EXPECT_EQ(service.calls, 0);
}

TEST_F(IdempotentTest, ADuplicateWaitsForTheFirstCall) {
  service.takes = 5s;
  use();
  const Handle first = start("k1");
  const Handle second = start("k1");
  network.run_for(4s);
  EXPECT_FALSE(second->done);
  EXPECT_EQ(end(*first), "reply 1");
  EXPECT_EQ(end(*second), "reply 1");
  EXPECT_EQ(service.calls, 1);
}

TEST_F(IdempotentTest, ADuplicateWaitsWithinItsDeadline) {
  service.takes = 5s;
  use();
  const Handle first = start("k1");
  const Handle second = start("k1", "100", 1s);
  EXPECT_THAT(end(*second), HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_FALSE(first->done);
  EXPECT_EQ(end(*first), "reply 1");
}

TEST_F(IdempotentTest, ADuplicateGivesUpAfterTheLongestWait) {
  service.takes = 50s;
  use();
  const Handle first = start("k1");
  const Handle second = start("k1");
  EXPECT_THAT(end(*second), HasSubstr("ABORTED"));
  EXPECT_EQ(end(*first), "reply 1");
}

TEST_F(IdempotentTest, RefusesAnotherRequestUnderTheSameKey) {
  use();
  EXPECT_EQ(serve("k1"), "reply 1");
  EXPECT_THAT(serve("k1", "999"), HasSubstr("FAILED_PRECONDITION: this idempotency-key was used"));
}

TEST_F(IdempotentTest, TheKeysOfTwoCallersAreDifferent) {
  use();
  caller = std::make_shared<Principal>(Principal{.subject = "ann"});
  EXPECT_EQ(serve("k1"), "reply 1");
  caller = std::make_shared<Principal>(Principal{.subject = "bob"});
  EXPECT_EQ(serve("k1"), "reply 2");
}

TEST_F(IdempotentTest, RefusesWhatCannotBeAKey) {
  use();
  EXPECT_EQ(serve(std::string(255, 'x')), "reply 1");
  EXPECT_THAT(serve(std::string(256, 'x')), HasSubstr("has 256 characters, more than the 255"));
  EXPECT_THAT(serve("a b"), HasSubstr("visible ASCII"));
}

TEST_F(IdempotentTest, KeepsDefiniteErrors) {
  use();
  service.status = failed_precondition("no money");
  EXPECT_EQ(serve("k1"), "FAILED_PRECONDITION: no money");
  service.status = Status();
  EXPECT_EQ(serve("k1"), "FAILED_PRECONDITION: no money");
}

TEST_F(IdempotentTest, KeepsNothingOfRefusalsAndConflicts) {
  use();
  for (const StatusCode code :
       {StatusCode::InvalidArgument, StatusCode::Aborted, StatusCode::ResourceExhausted}) {
    service.status = Status(code, "not now");
    EXPECT_THAT(serve("k1"), HasSubstr("not now"));
  }
  service.status = Status();
  EXPECT_EQ(serve("k1"), "reply 4");
}

TEST_F(IdempotentTest, KeepsAnUnknownOutcome) {
  service.takes = 5s;
  use();
  const Handle first = start("k1", "100", 1s);
  EXPECT_THAT(end(*first), HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_THAT(serve("k1"), HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_EQ(service.calls, 1);
}

TEST_F(IdempotentTest, RunsAnUnknownOutcomeAgainWhereThatIsSafe) {
  options.unknown = UnknownOutcome::RunAgain;
  use();
  service.status = unavailable("the bank is away");
  EXPECT_THAT(serve("k1"), HasSubstr("the bank is away"));
  service.status = Status();
  EXPECT_EQ(serve("k1"), "reply 2");
}

TEST_F(IdempotentTest, AFirstCallThatDiedIsUnknown) {
  service.takes = 5s;
  use();
  loop.enter([first = start("k1")]() mutable { first->task = Task<Status>(Status()); });
  network.run_for(61s);
  EXPECT_THAT(serve("k1"), HasSubstr("UNKNOWN"));
  EXPECT_EQ(serve("k2"), "reply 2");
  EXPECT_THAT(serve("k1"), HasSubstr("UNKNOWN"));
}

TEST_F(IdempotentTest, AFirstCallThatDiedRunsAgainWhereThatIsSafe) {
  options.unknown = UnknownOutcome::RunAgain;
  service.takes = 5s;
  use();
  loop.enter([first = start("k1")]() mutable { first->task = Task<Status>(Status()); });
  network.run_for(61s);
  EXPECT_EQ(serve("k1"), "reply 2");
}

TEST_F(IdempotentTest, ForgetsAfterTheTimeToKeep) {
  use();
  EXPECT_EQ(serve("k1"), "reply 1");
  network.run_for(24h);
  EXPECT_EQ(serve("k1"), "reply 2");
}

TEST_F(IdempotentTest, SaysWhereAReplyWasTooLargeToKeep) {
  options.max_reply_size = 3;
  use();
  EXPECT_EQ(serve("k1"), "reply 1");
  EXPECT_THAT(serve("k1"), HasSubstr("its reply of 7 bytes is larger than the 3"));
}

TEST_F(IdempotentTest, RefusesOptionsThatCannotBeFollowed) {
  options.keep = Duration::zero();
  use();
  EXPECT_THAT(serve("k1"), HasSubstr("IdempotencyOptions::keep: 0s: must be more than 0"));
}

TEST_F(IdempotentTest, AClientKeepsItsKeyThroughRetries) {
  side = Call::Side::Client;
  chain.add(idempotency_keys());
  chain.add(retry());
  service.status = unavailable("away");
  const Handle call = start("");
  EXPECT_THAT(end(*call), HasSubstr("away"));
  ASSERT_GT(service.keys.size(), 1U);
  EXPECT_EQ(service.keys.front().size(), 36U);
  EXPECT_EQ(service.keys.front(), service.keys.back());
  EXPECT_EQ(service.keys.front()[14], '4');
  service.status = Status();
  const Handle own = start("mine");
  EXPECT_EQ(end(*own).substr(0, 5), "reply");
  EXPECT_EQ(service.keys.back(), "mine");
}

/// Never answers a finish().
class HangingReplies final : public MemoryReplies {
 public:
  Task<Status> finish(Fingerprint, std::uint64_t, SavedReply, Duration) override { return hang(); }

 private:
  static Task<Status> hang() {
    Event never;
    co_return co_await never.wait();
  }
};

TEST_F(IdempotentTest, ACallIsAnsweredThoughItsStoreHangs) {
  store = std::make_shared<HangingReplies>();
  use();
  const Handle call = start("k1");
  network.run_for(9s);
  EXPECT_FALSE(call->done);
  network.run_for(2s);
  EXPECT_TRUE(call->done);
  EXPECT_EQ(end(*call), "reply 1");
}

TEST_F(IdempotentTest, AFullMemoryDropsTheOldestReplyAndCountsIt) {
  auto memory = std::make_shared<MemoryReplies>(MemoryRepliesOptions{.max_entries = 32});
  store = memory;
  use();
  for (int i = 0; i < 200; ++i) serve("k" + std::to_string(i));
  EXPECT_LE(memory->size(), 32U);
  EXPECT_EQ(memory->dropped() + memory->size(), 200U);
}

TEST_F(IdempotentTest, RefusesMoreCallsUnderWayThanItCanRemember) {
  store = std::make_shared<MemoryReplies>(MemoryRepliesOptions{.max_entries = 16});
  service.takes = 5s;
  use();
  std::vector<Handle> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(start("k" + std::to_string(i)));
  EXPECT_LE(service.calls, 16);
  EXPECT_THAT(serve("k0"), HasSubstr("reply"));
}

}  // namespace
}  // namespace weft::transaction
