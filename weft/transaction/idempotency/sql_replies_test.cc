#include "weft/transaction/idempotency/sql_replies.h"

#include <chrono>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/internal/test_forwarding_driver.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using State = IdempotencyStore::State;
using Lost = IdempotencyStore::Rule::Lost;

/// A database whose caller goes while a row is inserted, or that refuses to forget.
class FaultyDriver final : public test::ForwardingDriver {
 public:
  using ForwardingDriver::ForwardingDriver;
  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    const bool inserts = statement.text().starts_with("INSERT INTO weft_replies");
    const bool forgets = statement.text().find("LIMIT 256") != std::string::npos;
    if (forgets && refuses_to_forget) return refuse();
    return run_on(database(), std::move(statement), inserts ? caller : nullptr);
  }
  Context* caller = nullptr;
  bool refuses_to_forget = false;

 private:
  static Task<Result<sql::Rows>> refuse() { co_return unavailable("the disk is full"); }
  static Task<Result<sql::Rows>> run_on(sql::Database database, sql::Statement statement,
                                        Context* leaves) {
    Result<sql::Rows> rows = co_await database.run(std::move(statement));
    if (leaves == nullptr) co_return rows;
    leaves->cancel(cancelled("the caller has gone"));
    co_return leaves->cancel_reason();
  }
};

class SqlRepliesTest : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(host, std::move(task));
  }
  sqlite::Database opened(const std::string& vfs = {}) {
    sqlite::Options options;
    options.vfs = vfs;
    return *run(sqlite::open(path, options));
  }
  IdempotencyStore::Begun begin(IdempotencyStore& store, std::string_view request = "r",
                                Lost lost = Lost::Report) {
    return *run(
        store.begin(id, fingerprint_of("/p", request), {.lease = 1min, .keep = 1h, .lost = lost}));
  }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  weft::testing::Folder folder;
  std::string path = folder.file("data.db");
  Fingerprint id = fingerprint_of("/p", "key");
};

TEST_F(SqlRepliesTest, KeepsAReplyOverARestart) {
  {
    const auto store = *run(SqlReplies::open(opened()));
    const auto begun = begin(*store);
    EXPECT_EQ(begun.state, State::New);
    EXPECT_EQ(begin(*store).state, State::Running);
    EXPECT_TRUE(run(store->finish(id, begun.token, SavedReply(Bytes::copy_of("a\0b")), 1h)).ok());
  }
  const auto store = *run(SqlReplies::open(opened()));
  const auto again = begin(*store);
  EXPECT_EQ(again.state, State::Saved);
  EXPECT_TRUE(again.reply.status.ok());
  EXPECT_EQ(again.reply.message, Bytes::copy_of("a\0b"));
  EXPECT_EQ(begin(*store, "another").state, State::OtherRequest);
}

TEST_F(SqlRepliesTest, KeepsAnErrorWithItsDetails) {
  const auto store = *run(SqlReplies::open(opened()));
  const auto begun = begin(*store);
  const Status error = not_found("no account").with_details("\x08\x05");
  EXPECT_TRUE(run(store->finish(id, begun.token, SavedReply(error), 1h)).ok());
  const auto again = begin(*store);
  EXPECT_EQ(again.reply.status, error);
  EXPECT_EQ(again.reply.status.details(), error.details());
}

TEST_F(SqlRepliesTest, AReleasedKeyIsNew) {
  const auto store = *run(SqlReplies::open(opened()));
  const auto begun = begin(*store);
  EXPECT_TRUE(run(store->release(id, begun.token)).ok());
  EXPECT_EQ(begin(*store).state, State::New);
}

TEST_F(SqlRepliesTest, AnAttemptWhoseLeaseHasPassedMayBeTakenOver) {
  sqlite::Database db = opened();
  const auto store = *run(SqlReplies::open(db));
  const auto first = begin(*store);
  EXPECT_TRUE(run(db.run("UPDATE weft_replies SET lease_until = 0")).ok());
  EXPECT_EQ(begin(*store).state, State::Lost);
  const auto second = begin(*store, "r", Lost::TakeOver);
  EXPECT_EQ(second.state, State::New);
  EXPECT_EQ(run(store->finish(id, first.token, SavedReply(), 1h)).code(), StatusCode::Aborted);
  EXPECT_TRUE(run(store->finish(id, second.token, SavedReply(), 1h)).ok());
}

TEST_F(SqlRepliesTest, AnExpiredReplyIsForgotten) {
  sqlite::Database db = opened();
  const auto store = *run(SqlReplies::open(db));
  const auto first = begin(*store);
  EXPECT_TRUE(run(store->finish(id, first.token, SavedReply(), 1h)).ok());
  EXPECT_TRUE(run(db.run("UPDATE weft_replies SET keep_until = 0")).ok());
  EXPECT_EQ(begin(*store, "another").state, State::New);
}

TEST_F(SqlRepliesTest, ACallerThatGoesWhileItBeginsLeavesNoRow) {
  sqlite::Database db = opened();
  static_cast<void>(run(SqlReplies::open(db)));
  const auto faulty = std::make_shared<FaultyDriver>(db);
  const auto store = *run(SqlReplies::open(sql::Database(faulty)));
  Context caller;
  faulty->caller = &caller;
  const auto begun = weft::testing::run(
      host, store->begin(id, id, {.lease = 1min, .keep = 1h, .lost = Lost::Report}), 1h, &caller);
  EXPECT_EQ(begun.status().to_string(), "CANCELLED: the caller has gone");
  EXPECT_EQ(*run(db.one<int>("SELECT count(*) FROM weft_replies")), 0);
}

TEST_F(SqlRepliesTest, ACallIsServedWhereForgettingFails) {
  sqlite::Database db = opened();
  static_cast<void>(run(SqlReplies::open(db)));
  const auto faulty = std::make_shared<FaultyDriver>(db);
  const auto store = *run(SqlReplies::open(sql::Database(faulty)));
  faulty->refuses_to_forget = true;
  EXPECT_EQ(begin(*store).state, State::New);
}

TEST_F(SqlRepliesTest, RefusesTablesOfANewerProgram) {
  sqlite::Database db = opened();
  static_cast<void>(run(SqlReplies::open(db)));
  EXPECT_TRUE(run(db.run("UPDATE weft_schema SET version = 7")).ok());
  EXPECT_EQ(run(SqlReplies::open(db)).status().to_string(),
            "FAILED_PRECONDITION: weft's tables: written by a newer program: weft's tables "
            "\"replies\" have version 7, this program knows 1");
}

/// The power fails in each write in turn. A reply that was confirmed is there; else the key is as
/// it was before the call, or known as begun.
TEST_F(SqlRepliesTest, ALossOfPowerLosesNoConfirmedReply) {
  bool reached_end = false;
  for (std::uint64_t stop = 1; !reached_end; ++stop) {
    ASSERT_LT(stop, 200U);
    path = folder.file("power" + std::to_string(stop));
    weft::testing::SqliteDisk disk(stop);
    bool begun = false;
    bool saved = false;
    {
      const auto store = *run(SqlReplies::open(opened(disk.vfs())));
      disk.stop_at(stop);
      const auto first =
          run(store->begin(id, fingerprint_of("/p", "r"), {.lease = 1min, .keep = 1h, .lost = {}}));
      begun = first.ok();
      if (begun)
        saved = run(store->finish(id, first->token, SavedReply(Bytes::copy_of("x")), 1h)).ok();
      reached_end = !disk.is_stopped();
    }
    disk.restart();
    const auto store = *run(SqlReplies::open(opened(disk.vfs())));
    const auto again = begin(*store);
    EXPECT_TRUE(!saved || again.state == State::Saved) << "stop " << stop;
    EXPECT_TRUE(!begun || again.state != State::New) << "stop " << stop;
    EXPECT_TRUE(again.state != State::Saved || again.reply.message.view() == "x");
  }
}

}  // namespace
}  // namespace weft::transaction
