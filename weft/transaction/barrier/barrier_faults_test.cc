#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sql/error.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/transaction/barrier/barrier.h"
#include "weft/transaction/branch.h"

namespace weft::transaction {
namespace {

using ::testing::StartsWith;
using Text = google::protobuf::StringValue;

Status refused(const char* sqlstate) {
  sql::ErrorDetail detail;
  detail.database = "postgresql";
  detail.sqlstate = sqlstate;
  return sql::error_status(detail, "the database says no");
}

/// A database whose next begins and commits fail as they are told to; OK: as they would.
class FaultyDriver final : public sql::Driver {
 public:
  explicit FaultyDriver(sql::Database database) : database_(std::move(database)) {}
  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    return database_.run(std::move(statement));
  }
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    return begin_on(*this, options);
  }
  static Status next(std::deque<Status>& statuses) {
    if (statuses.empty()) return ok_status();
    Status status = std::move(statuses.front());
    statuses.pop_front();
    return status;
  }
  std::deque<Status> begins;
  std::deque<Status> commits;

 private:
  class Session final : public sql::Session {
   public:
    Session(FaultyDriver& of, sql::Transaction transaction)
        : of_(of), transaction_(std::move(transaction)) {}
    Task<Result<sql::Rows>> run(sql::Statement statement) override {
      return transaction_.run(std::move(statement));
    }
    Task<Status> commit() override { return commit_or_fail(of_, transaction_); }
    Task<Status> rollback() override { return transaction_.rollback(); }

   private:
    static Task<Status> commit_or_fail(FaultyDriver& of, sql::Transaction& transaction) {
      const Status fault = next(of.commits);
      if (fault.ok()) co_return co_await transaction.commit();
      static_cast<void>(co_await transaction.rollback());
      co_return fault;
    }
    FaultyDriver& of_;
    sql::Transaction transaction_;
  };
  static Task<Result<std::unique_ptr<sql::Session>>> begin_on(FaultyDriver& of,
                                                              sql::BeginOptions options) {
    const Status fault = next(of.begins);
    if (!fault.ok()) co_return fault;
    Result<sql::Transaction> transaction = co_await of.database_.begin(options);
    if (!transaction.ok()) co_return transaction.status();
    co_return std::unique_ptr<sql::Session>(std::make_unique<Session>(of, *std::move(transaction)));
  }
  sql::Database database_;
};

/// Remembers an error where the request is "no", gives one of the database where it is "25006".
Task<Result<Text>> answer(OnceTransaction& tx, const Text& request) {
  if (request.value() == "no") co_return tx.remember(failed_precondition("no money"));
  if (request.value() == "25006") co_return refused("25006");
  // Looks at the error that it would end with, and succeeds.
  if (request.value() == "yes") static_cast<void>(tx.remember(failed_precondition("no money")));
  co_return request;
}

class BarrierFaultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sqlite::Options options;
    faults = std::make_shared<FaultyDriver>(*run(sqlite::open(folder.file("data.db"), options)));
    db = std::make_unique<sql::Database>(faults);
    barrier = std::make_unique<Barrier>(*run(Barrier::open(*db)));
  }
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(host, std::move(task));
  }
  std::string act(Action action, const std::string& request) {
    Call call(Call::Side::Server, host, "/bank.Bank/Do", nullptr, nullptr);
    Branch{.transaction = "trip-1", .name = "pay", .action = action}.write_to(
        call.request_metadata());
    ServerContext context(call);
    Text text;
    text.set_value(request);
    const Result<Text> reply = action == Action::Undo
                                   ? run(barrier->undo_once(context, text, answer))
                                   : run(barrier->once(context, text, answer));
    return reply.ok() ? reply->value() : reply.status().to_string();
  }
  int rows() { return *run(db->one<int>("SELECT count(*) FROM weft_once")); }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  weft::testing::Folder folder;
  std::shared_ptr<FaultyDriver> faults;
  std::unique_ptr<sql::Database> db;
  std::unique_ptr<Barrier> barrier;
};

TEST_F(BarrierFaultsTest, AnEarlierAttemptsErrorIsNotRemembered) {
  faults->commits = {refused("40001")};
  faults->begins = {ok_status(), unavailable("the database is away")};
  EXPECT_EQ(act(Action::Do, "yes"), "UNAVAILABLE: the database is away");
  EXPECT_EQ(act(Action::Do, "yes"), "yes");
}

TEST_F(BarrierFaultsTest, AnUndoRemembersNoError) {
  EXPECT_EQ(act(Action::Do, "pay"), "pay");
  EXPECT_EQ(act(Action::Undo, "no"), "FAILED_PRECONDITION: no money");
  EXPECT_EQ(rows(), 1) << "the undo is made again until it succeeds";
  EXPECT_EQ(act(Action::Undo, "pay"), "pay");
}

TEST_F(BarrierFaultsTest, PassingFaultsOfTheDatabaseAreUnavailable) {
  for (const char* sqlstate : {"0A000", "25006", "28P01", "55000"}) {
    const std::string fault = "UNAVAILABLE: the database says no";
    faults->begins = {refused(sqlstate)};
    EXPECT_THAT(act(Action::Do, "pay"), StartsWith(fault)) << sqlstate;
    faults->commits = {refused(sqlstate)};
    EXPECT_THAT(act(Action::Do, "pay"), StartsWith(fault)) << sqlstate;
    faults->begins = {ok_status(), refused(sqlstate)};
    EXPECT_THAT(act(Action::Do, "no"), StartsWith(fault)) << "of what remembers " << sqlstate;
  }
  EXPECT_EQ(act(Action::Do, "pay"), "pay");
}

TEST_F(BarrierFaultsTest, AnErrorOfTheFunctionStaysAsItIs) {
  EXPECT_THAT(act(Action::Do, "25006"), StartsWith("FAILED_PRECONDITION: the database says no"));
}

}  // namespace
}  // namespace weft::transaction
