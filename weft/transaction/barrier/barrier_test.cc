#include "weft/transaction/barrier/barrier.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/branch.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Text = google::protobuf::StringValue;

Text text(std::string value) {
  Text message;
  message.set_value(std::move(value));
  return message;
}

/// Adds the request's number to the account.
Task<Result<Text>> deposit(OnceTransaction& tx, const Text& request) {
  const Result<sql::Rows> done = co_await tx.run("UPDATE account SET cents = cents + $1",
                                                 std::int64_t{std::stol(request.value())});
  if (!done.ok()) co_return done.status();
  const Result<std::int64_t> cents = co_await tx.one<std::int64_t>("SELECT cents FROM account");
  if (!cents.ok()) co_return cents.status();
  if (*cents < 0) co_return tx.remember(failed_precondition("no money"));
  if (*cents > 1000) co_return invalid_argument("too much money");
  co_return text(std::to_string(*cents));
}

Task<Result<Text>> take_back(OnceTransaction& tx, const Text& request, std::int64_t factor) {
  const Result<sql::Rows> done = co_await tx.run("UPDATE account SET cents = cents - $1",
                                                 std::int64_t{std::stol(request.value())} * factor);
  if (!done.ok()) co_return done.status();
  co_return text("taken back");
}

class BarrierTest : public ::testing::Test {
 protected:
  struct Made {
    Made(net::Loop& loop, const char* path)
        : call(Call::Side::Server, loop, path, nullptr, nullptr), context(call) {}
    Call call;
    ServerContext context;
  };
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(host, std::move(task));
  }
  static sqlite::Options options(const std::string& vfs = {}) {
    sqlite::Options options;
    options.migrations.push_back(
        {"account", "CREATE TABLE account(cents INTEGER); INSERT INTO account VALUES (100)"});
    options.vfs = vfs;
    return options;
  }
  void open(const std::string& vfs = {}) {
    db = std::make_unique<sqlite::Database>(*run(sqlite::open(path, options(vfs))));
    barrier = std::make_unique<Barrier>(*run(Barrier::open(*db)));
  }
  static std::string told(const Result<Text>& reply) {
    return reply.ok() ? reply->value() : reply.status().to_string();
  }
  std::string act(Action action, const std::string& amount = "10") {
    Made made(host, "/bank.Bank/Do");
    Branch{.transaction = "trip-1", .name = "pay", .action = action}.write_to(
        made.call.request_metadata());
    const Text request = text(amount);
    switch (action) {
      case Action::Undo:
        return told(run(barrier->undo_once(made.context, request, take_back, std::int64_t{1})));
      case Action::Confirm:
        return told(run(barrier->confirm_once(made.context, request, deposit)));
      case Action::Cancel:
        return told(run(barrier->cancel_once(made.context, request, take_back, std::int64_t{1})));
      default:
        return told(run(barrier->once(made.context, request, deposit)));
    }
  }
  /// As above, at a handler that serves do and try only.
  std::string act_at_do(Action action) {
    Made made(host, "/bank.Bank/Do");
    Branch{.transaction = "trip-1", .name = "pay", .action = action}.write_to(
        made.call.request_metadata());
    const Text request = text("10");
    return told(run(barrier->once(made.context, request, deposit)));
  }
  std::string with_key(const std::string& key, const std::string& amount = "10") {
    Made made(host, "/bank.Bank/Do");
    if (!key.empty()) made.call.request_metadata().add("idempotency-key", key);
    const Text request = text(amount);
    return told(run(barrier->once(made.context, request, deposit)));
  }
  std::int64_t cents() { return *run(db->one<std::int64_t>("SELECT cents FROM account")); }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  weft::testing::Folder folder;
  std::string path = folder.file("data.db");
  std::unique_ptr<sqlite::Database> db;
  std::unique_ptr<Barrier> barrier;
};

TEST_F(BarrierTest, ACallWithAKeyTakesEffectOnce) {
  open();
  EXPECT_EQ(with_key("k1"), "110");
  EXPECT_EQ(with_key("k1"), "110");
  EXPECT_EQ(with_key("k2"), "120");
  EXPECT_EQ(cents(), 120);
}

TEST_F(BarrierTest, RefusesACallWithoutAKey) {
  open();
  EXPECT_THAT(with_key(""), HasSubstr("INVALID_ARGUMENT: the method needs an idempotency-key"));
}

TEST_F(BarrierTest, RefusesAnotherRequestUnderTheKey) {
  open();
  EXPECT_EQ(with_key("k1"), "110");
  EXPECT_THAT(with_key("k1", "20"), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_EQ(cents(), 110);
}

TEST_F(BarrierTest, KeepsARememberedErrorAndTakesTheEffectBack) {
  open();
  EXPECT_EQ(with_key("k1", "-200"), "FAILED_PRECONDITION: no money");
  EXPECT_EQ(cents(), 100);
  EXPECT_EQ(with_key("k2", "500"), "600");
  EXPECT_EQ(with_key("k1", "-200"), "FAILED_PRECONDITION: no money");
}

TEST_F(BarrierTest, AnErrorThatIsNotRememberedMayBeRepeated) {
  open();
  EXPECT_EQ(with_key("k1", "950"), "INVALID_ARGUMENT: too much money");
  EXPECT_EQ(with_key("k2", "-90"), "10");
  EXPECT_EQ(with_key("k1", "950"), "960");
}

TEST_F(BarrierTest, AnUndoTakesEffectOnce) {
  open();
  EXPECT_EQ(act(Action::Do), "110");
  EXPECT_EQ(act(Action::Undo), "taken back");
  EXPECT_EQ(act(Action::Undo), "taken back");
  EXPECT_EQ(cents(), 100);
  EXPECT_EQ(act(Action::Do), "110") << "a duplicate gets the saved reply also after the undo";
  EXPECT_EQ(cents(), 100);
}

TEST_F(BarrierTest, AnUndoWithoutItsDoIsEmptyAndStopsALateDo) {
  open();
  EXPECT_EQ(act(Action::Undo), "");
  EXPECT_THAT(act(Action::Do),
              HasSubstr("FAILED_PRECONDITION: the do of \"trip-1/pay\" comes late"));
  EXPECT_EQ(act(Action::Undo), "");
  EXPECT_EQ(cents(), 100);
}

TEST_F(BarrierTest, AnUndoOfADoThatFailedIsEmpty) {
  open();
  EXPECT_THAT(act(Action::Do, "-200"), HasSubstr("no money"));
  EXPECT_EQ(act(Action::Undo, "-200"), "");
  EXPECT_EQ(cents(), 100);
}

TEST_F(BarrierTest, ATryIsConfirmedOnce) {
  open();
  EXPECT_EQ(act(Action::Try), "110");
  EXPECT_EQ(act(Action::Confirm), "120");
  EXPECT_EQ(act(Action::Confirm), "120");
  EXPECT_THAT(act(Action::Cancel), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_EQ(cents(), 120);
}

TEST_F(BarrierTest, ATryIsCancelledOnce) {
  open();
  EXPECT_EQ(act(Action::Try), "110");
  EXPECT_EQ(act(Action::Cancel), "taken back");
  EXPECT_EQ(act(Action::Cancel), "taken back");
  EXPECT_THAT(act(Action::Confirm), HasSubstr("FAILED_PRECONDITION"));
  EXPECT_EQ(cents(), 100);
}

TEST_F(BarrierTest, RefusesAConfirmWithoutATry) {
  open();
  EXPECT_THAT(act(Action::Confirm), HasSubstr("has no try that succeeded"));
  EXPECT_EQ(act(Action::Try), "110") << "the refused confirm has left nothing";
}

TEST_F(BarrierTest, AHandlerRefusesActionsThatItDoesNotServe) {
  open();
  EXPECT_EQ(act(Action::Do), "110");
  for (const Action action : {Action::Undo, Action::Confirm, Action::Cancel}) {
    EXPECT_THAT(act_at_do(action), HasSubstr("INVALID_ARGUMENT: the method serves the do or try"));
  }
  EXPECT_EQ(cents(), 110);
  EXPECT_EQ(act(Action::Undo), "taken back") << "the refused ones have left nothing";
}

TEST_F(BarrierTest, AnUndoHandlerRefusesWhatIsNoUndo) {
  open();
  Made with_do(host, "/bank.Bank/Undo");
  Branch{.transaction = "trip-1", .name = "pay", .action = Action::Do}.write_to(
      with_do.call.request_metadata());
  const Text request = text("10");
  const std::string refused = "INVALID_ARGUMENT: the method serves the undo of a branch";
  EXPECT_THAT(told(run(barrier->undo_once(with_do.context, request, take_back, std::int64_t{1}))),
              HasSubstr(refused));
  Made with_key(host, "/bank.Bank/Undo");
  with_key.call.request_metadata().add("idempotency-key", "k1");
  EXPECT_THAT(told(run(barrier->undo_once(with_key.context, request, take_back, std::int64_t{1}))),
              HasSubstr(refused));
  EXPECT_EQ(*run(db->one<std::int64_t>("SELECT count(*) FROM weft_once")), 0);
}

TEST_F(BarrierTest, RefusesAnotherRequestOfAnUndo) {
  open();
  EXPECT_EQ(act(Action::Do), "110");
  EXPECT_EQ(act(Action::Undo), "taken back");
  EXPECT_THAT(act(Action::Undo, "20"), HasSubstr("FAILED_PRECONDITION: the undo of \"trip-1/pay\" "
                                                 "was made with another request before"));
  EXPECT_EQ(act(Action::Undo), "taken back") << "the refused one has not changed the row";
  EXPECT_EQ(cents(), 100);
}

TEST_F(BarrierTest, ForgetsWhatIsOld) {
  open();
  EXPECT_EQ(with_key("k1"), "110");
  EXPECT_EQ(*run(barrier->forget(1h)), 0U);
  EXPECT_TRUE(run(db->run("UPDATE weft_once SET at = 0")).ok());
  EXPECT_EQ(*run(barrier->forget(1h)), 1U);
}

TEST_F(BarrierTest, ForgetsADoOnlyTogetherWithItsUndo) {
  open();
  EXPECT_EQ(act(Action::Do), "110");
  EXPECT_EQ(act(Action::Undo), "taken back");
  EXPECT_TRUE(run(db->run("UPDATE weft_once SET at = 0 WHERE place = 'do'")).ok());
  EXPECT_EQ(*run(barrier->forget(1h)), 0U);
  EXPECT_EQ(act(Action::Do), "110") << "it is known as long as its undo";
  EXPECT_EQ(cents(), 100);
  EXPECT_TRUE(run(db->run("UPDATE weft_once SET at = 0")).ok());
  EXPECT_EQ(*run(barrier->forget(1h)), 2U);
}

TEST_F(BarrierTest, ForgetsMoreThanAPortion) {
  open();
  EXPECT_TRUE(run(db->run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                          "i < 2500) INSERT INTO weft_once(id, place, action, request, at) "
                          "SELECT 'k/' || i, 'do', 'do', x'00', i FROM n"))
                  .ok());
  EXPECT_EQ(*run(barrier->forget(1h)), 2500U);
}

/// The power fails in each write in turn, and every call is repeated after it: each takes effect
/// once, and a reply that was given before is given again.
TEST_F(BarrierTest, ALossOfPowerRepeatsNoEffect) {
  bool reached_end = false;
  for (std::uint64_t stop = 1; !reached_end; ++stop) {
    ASSERT_LT(stop, 300U);
    path = folder.file("power" + std::to_string(stop));
    weft::testing::SqliteDisk disk(stop);
    open(disk.vfs());
    disk.stop_at(stop);
    const std::string first = with_key("k1");
    const std::string failed = with_key("k2", "-500");
    act(Action::Do);
    act(Action::Undo);
    reached_end = !disk.is_stopped();
    barrier.reset();
    db.reset();
    disk.restart();
    open(disk.vfs());
    EXPECT_EQ(with_key("k1"), "110") << "stop " << stop << " after " << first;
    EXPECT_THAT(with_key("k2", "-500"), HasSubstr("no money")) << "stop " << stop;
    act(Action::Undo);
    act(Action::Do);
    EXPECT_EQ(cents(), 110) << "stop " << stop << " after " << first << " " << failed;
    barrier.reset();
    db.reset();
  }
}

}  // namespace
}  // namespace weft::transaction
