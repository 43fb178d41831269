#include "weft/transaction/barrier/barrier.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/all.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/idempotency/sql_replies.h"
#include "weft/transaction/outbox/outbox.h"

#include "tests/postgres/postgres_test.h"

namespace weft::test {
namespace {

using google::protobuf::Int64Value;
using ::testing::Each;
using ::testing::HasSubstr;
using transaction::Action;
using transaction::Barrier;
using transaction::OnceTransaction;

Task<Result<Int64Value>> deposit(OnceTransaction& tx, const Int64Value& request) {
  const Result<sql::Rows> done =
      co_await tx.run("UPDATE account SET cents = cents + $1", request.value());
  if (!done.ok()) co_return done.status();
  const Result<std::int64_t> cents = co_await tx.one<std::int64_t>("SELECT cents FROM account");
  if (!cents.ok()) co_return cents.status();
  if (*cents < 0) co_return tx.remember(failed_precondition("no money"));
  Int64Value reply;
  reply.set_value(*cents);
  co_return reply;
}

Task<Result<Int64Value>> take_back(OnceTransaction& tx, const Int64Value& request) {
  const Result<sql::Rows> done =
      co_await tx.run("UPDATE account SET cents = cents - $1", request.value());
  if (!done.ok()) co_return done.status();
  co_return request;
}

Task<std::string> act(Barrier barrier, std::string saga, Action action, std::int64_t sum) {
  Call call(Call::Side::Server, *net::Loop::current(), "/bank.Bank/Do", nullptr, nullptr);
  const transaction::Branch branch{.transaction = saga, .name = "pay", .action = action};
  branch.write_to(call.request_metadata());
  ServerContext context(call);
  Int64Value request;
  request.set_value(sum);
  Result<Int64Value> reply(Int64Value{});
  if (action == Action::Undo) {
    reply = co_await barrier.undo_once(context, request, take_back);
  } else {
    reply = co_await barrier.once(context, request, deposit);
  }
  if (!reply.ok()) co_return reply.status().to_string();
  co_return std::to_string(reply->value());
}

Task<std::vector<std::string>> act_at_once(Barrier barrier, int times) {
  std::vector<Task<std::string>> calls;
  for (int i = 0; i < times; ++i) calls.push_back(act(barrier, "trip-2", Action::Do, 10));
  co_return co_await all(std::move(calls));
}

Task<std::vector<std::string>> do_and_undo_at_once(Barrier barrier, std::string saga) {
  std::vector<Task<std::string>> calls;
  for (const Action action : {Action::Do, Action::Undo, Action::Do, Action::Undo}) {
    calls.push_back(act(barrier, saga, action, 10));
  }
  co_return co_await all(std::move(calls));
}

class PostgresBarrier : public Postgres {
 protected:
  void open() {
    for (const char* text :
         {"DROP TABLE IF EXISTS account, weft_once, weft_replies, weft_schema",
          "CREATE TABLE account(cents bigint)", "INSERT INTO account VALUES (100)"}) {
      EXPECT_TRUE(run(db.run(text)).ok());
    }
  }
  std::int64_t cents() { return *run(db.one<std::int64_t>("SELECT cents FROM account")); }

  postgres::Database db = opened();
};

TEST_F(PostgresBarrier, TakesEffectOnceAndIsUndoneOnce) {
  open();
  const Barrier barrier = *run(Barrier::open(db));
  EXPECT_EQ(run(act(barrier, "trip-1", Action::Do, 10)), "110");
  EXPECT_EQ(run(act(barrier, "trip-1", Action::Do, 10)), "110");
  EXPECT_EQ(run(act(barrier, "trip-1", Action::Undo, 10)), "10");
  EXPECT_EQ(run(act(barrier, "trip-1", Action::Undo, 10)), "10");
  EXPECT_EQ(run(act(barrier, "trip-3", Action::Do, -500)), "FAILED_PRECONDITION: no money");
  EXPECT_EQ(run(act(barrier, "trip-3", Action::Do, -500)), "FAILED_PRECONDITION: no money");
  EXPECT_EQ(*run(barrier.forget(1h)), 0U);
  EXPECT_EQ(cents(), 100);
}

TEST_F(PostgresBarrier, DuplicatesAtTheSameTimeGetOneReply) {
  open();
  const Barrier barrier = *run(Barrier::open(db));
  EXPECT_THAT(run(act_at_once(barrier, 8)), Each("110"));
  EXPECT_EQ(cents(), 110);
}

TEST_F(PostgresBarrier, AnUndoBesideItsDoLeavesNoEffect) {
  open();
  const Barrier barrier = *run(Barrier::open(db));
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(run(do_and_undo_at_once(barrier, "race-" + std::to_string(i))));
  }
  EXPECT_EQ(cents(), 100);
}

TEST_F(PostgresBarrier, RefusesTablesOfANewerProgram) {
  open();
  static_cast<void>(run(Barrier::open(db)));
  EXPECT_TRUE(run(db.run("UPDATE weft_schema SET version = 9")).ok());
  EXPECT_THAT(run(Barrier::open(db)).status().to_string(), HasSubstr("written by a newer program"));
}

TEST_F(PostgresBarrier, KeepsRepliesOfKeys) {
  open();
  using State = transaction::IdempotencyStore::State;
  using Lost = transaction::IdempotencyStore::Rule::Lost;
  const auto store = *run(transaction::SqlReplies::open(db));
  const auto id = transaction::fingerprint_of("/p", "key");
  const auto begin = [&](Lost lost) {
    return *run(store->begin(id, id, {.lease = 1min, .keep = 1h, .lost = lost}));
  };
  const auto first = begin(Lost::Report);
  EXPECT_EQ(first.state, State::New);
  EXPECT_EQ(begin(Lost::Report).state, State::Running);
  EXPECT_TRUE(run(db.run("UPDATE weft_replies SET lease_until = 0")).ok());
  EXPECT_EQ(begin(Lost::Report).state, State::Lost);
  const auto second = begin(Lost::TakeOver);
  EXPECT_EQ(second.state, State::New);
  const transaction::SavedReply reply(Bytes::copy_of("a\0b"));
  EXPECT_EQ(run(store->finish(id, first.token, reply, 1h)).code(), StatusCode::Aborted);
  EXPECT_TRUE(run(store->finish(id, second.token, reply, 1h)).ok());
  EXPECT_EQ(begin(Lost::Report).reply.message, reply.message);
  EXPECT_TRUE(run(store->release(id, second.token)).ok());
  EXPECT_EQ(begin(Lost::Report).state, State::New);
}

class ListSink final : public events::EventSink {
 public:
  Task<Status> publish(const events::Event& event) override {
    data += event.data.to_string();
    return ok_status();
  }
  std::string data;
};

Task<Status> emit(postgres::Database db, transaction::Outbox outbox, std::string data,
                  Duration before, Duration before_commit) {
  static_cast<void>(co_await net::sleep(before));
  Result<sql::Transaction> tx = co_await db.begin();
  if (!tx.ok()) co_return tx.status();
  events::Event event;
  event.type = "shop.Paid";
  event.key = "a";
  event.data = Bytes::copy_of(data);
  Status status = co_await outbox.emit(*tx, std::move(event));
  if (!status.ok()) co_return status;
  static_cast<void>(co_await net::sleep(before_commit));
  status = co_await tx->commit();
  outbox.wake();
  co_return status;
}

/// Begins first and commits last: its event has the lower number.
Task<Status> emit_crosswise(postgres::Database db, transaction::Outbox outbox) {
  std::vector<Task<Status>> tasks;
  tasks.push_back(emit(db, outbox, "1", 1ms, 500ms));
  tasks.push_back(emit(db, outbox, "2", 200ms, 1ms));
  for (const Status& status : co_await all(std::move(tasks))) {
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

TEST_F(PostgresBarrier, PublishesInTheOrderOfTransactions) {
  EXPECT_TRUE(run(db.run("DROP TABLE IF EXISTS weft_outbox, weft_outbox_owner, weft_schema")).ok());
  const auto outbox = *run(transaction::Outbox::open(db, "shop"));
  ListSink sink;
  Context context;
  Task<Status> relay = outbox.relay(sink);
  loop.enter([&] { relay.start(&context, {[](void*) noexcept {}, nullptr}); });
  const Status emitted = run(emit_crosswise(db, outbox));
  EXPECT_TRUE(emitted.ok()) << emitted;
  for (int i = 0; i < 500 && sink.data.size() < 2; ++i) static_cast<void>(run(net::sleep(5ms)));
  EXPECT_EQ(sink.data, "12");
  loop.enter([&] { context.cancel(cancelled("the test has ended")); });
  for (int i = 0; i < 500 && !relay.done(); ++i) static_cast<void>(run(net::sleep(5ms)));
  EXPECT_TRUE(relay.done());
}

}  // namespace
}  // namespace weft::test
