#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "weft/coro/all.h"

#include "tests/postgres/point_process.h"
#include "tests/postgres/postgres_test.h"
#include "tests/postgres/travel.h"

namespace weft::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

/// weft_travel_process.
class TravelProcess : public PointProcess {
 public:
  TravelProcess(std::string id, std::string who, Point point)
      : PointProcess(WEFT_TRAVEL_PROCESS, {server().connection_string(), id, who}, point),
        id_(std::move(id)),
        who_(std::move(who)) {}

  const std::string& id() const { return id_; }
  const std::string& who() const { return who_; }

 private:
  std::string id_;
  std::string who_;
};

class PostgresSagas : public Postgres {
 protected:
  void SetUp() override {
    Postgres::SetUp();
    if (IsSkipped()) return;
    db_.emplace(opened(one_connection()));
    execute("DROP TABLE IF EXISTS weft_saga, weft_saga_step, weft_once, weft_schema, ledger");
    execute("CREATE TABLE ledger(what text, change int)");
  }
  void TearDown() override {
    loop.enter([this] {
      travels_.clear();
      db_.reset();
    });
  }

  void execute(const std::string& text) {
    const Status status = run(db_->run(text)).status();
    ASSERT_TRUE(status.ok()) << status;
  }
  Travel& travel() {
    const std::string name = "travel-" + std::to_string(travels_.size());
    auto opened = run(Travel::open(server().connection_string(), name));
    EXPECT_TRUE(opened.ok()) << opened.status();
    travels_.push_back(*std::move(opened));
    return *travels_.back();
  }
  void expect_answer(Travel& travel, const std::string& id, const std::string& who) {
    const Status status = run(travel.book(id, who)).status();
    EXPECT_EQ(status.to_string(), who == "unlucky" ? "FAILED_PRECONDITION: full" : "OK") << id;
  }
  /// Each effect once, and taken back once or not at all.
  void expect_effects(const std::string& id, const std::string& who) {
    using Row = std::tuple<std::string, std::int64_t, std::int64_t>;
    const auto rows = run(db_->all<Row>(
        "SELECT what, sum(change), count(*) FROM ledger WHERE what LIKE $1 GROUP BY what",
        id + ":%"));
    ASSERT_TRUE(rows.ok()) << rows.status();
    for (const auto& [what, sum, count] : *rows) {
      EXPECT_EQ(sum, who == "unlucky" ? 0 : 1) << what;
      EXPECT_EQ(count, who == "unlucky" ? 2 : 1) << what;
    }
    EXPECT_EQ(rows->size(), who == "unlucky" ? 2U : 3U) << id;
  }
  std::map<std::string, std::string> stored() {
    using Row = std::tuple<std::string, std::string>;
    const auto rows = run(db_->all<Row>(
        "SELECT id, concat_ws(' ', state, epoch, owner, code) FROM weft_saga UNION ALL "
        "SELECT concat(saga, '/', name), concat_ws(' ', position, state, code) FROM weft_saga_step "
        "UNION ALL SELECT 'ledger', count(*)::text FROM ledger"));
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::map<std::string, std::string> all;
    for (const auto& [name, value] : *rows) all[name] = value;
    return all;
  }
  std::int64_t unfinished() {
    return *run(db_->one<std::int64_t>("SELECT count(*) FROM weft_saga WHERE state < 6"));
  }

  std::optional<postgres::Database> db_;
  std::vector<std::unique_ptr<Travel>> travels_;
};

TEST_F(PostgresSagas, RunToTheEndAndAreUndone) {
  Travel& here = travel();
  expect_answer(here, "trip-1", "ann");
  expect_effects("trip-1", "ann");
  expect_answer(here, "trip-2", "unlucky");
  expect_effects("trip-2", "unlucky");
  expect_answer(here, "trip-1", "ann");
  EXPECT_EQ(unfinished(), 0);
}

TEST_F(PostgresSagas, TwoProcessesRunOneSagaOnce) {
  Travel& one = travel();
  Travel& other = travel();
  for (int i = 0; i < 10; ++i) {
    const std::string id = "trip-" + std::to_string(i);
    auto [first, second] = run(weft::all(one.book(id, "ann"), other.book(id, "ann")));
    EXPECT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(second.ok()) << second.status();
    expect_effects(id, "ann");
  }
}

/// The points at which processes have died or frozen, by kind of saga; each has a saga of its own.
template <class AtPoint>
void at_each_point(int signal, AtPoint at_point) {
  for (const char* who : {"ann", "unlucky"}) {
    bool has_ended = false;
    for (int n = 1; !has_ended; ++n) {
      for (const auto when : {Point::When::Before, Point::When::After}) {
        const std::string id = std::string(who) + "-" + std::to_string(n) +
                               (when == Point::When::Before ? "-before" : "-after");
        has_ended |=
            at_point(id, who, Point{.number = n, .when = when, .signal = signal}) == "ended";
      }
      ASSERT_LT(n, 50);
      EXPECT_TRUE(n > 8 || !has_ended) << "a saga uses its store more often than that";
    }
  }
}

TEST_F(PostgresSagas, EndAllOrNothingWhereverTheirProcessIsKilled) {
  std::vector<std::pair<std::string, std::string>> killed;
  at_each_point(SIGKILL, [&](const std::string& id, const std::string& who, Point point) {
    TravelProcess process(id, who, point);
    const std::string end = process.wait(0);
    killed.emplace_back(id, who);
    if (end == "signal 9") return "died";
    EXPECT_EQ(end, who == "unlucky" ? "exit 3" : "exit 0") << id;
    return "ended";
  });
  // Two at the same time, each of which would take all.
  Travel& one = travel();
  Travel& other = travel();
  bool first = true;
  for (const auto& [id, who] : killed) {
    expect_answer((first = !first) ? one : other, id, who);
    expect_effects(id, who);
  }
  EXPECT_EQ(unfinished(), 0);
}

TEST_F(PostgresSagas, AFrozenOwnerChangesNothingAfterItsLease) {
  Travel& here = travel();
  std::vector<std::unique_ptr<TravelProcess>> frozen;
  const auto finish = [&] {
    for (const auto& process : frozen) {
      expect_answer(here, process->id(), process->who());
      expect_effects(process->id(), process->who());
    }
    const auto before = stored();
    for (const auto& process : frozen) {
      process->go_on();
      EXPECT_EQ(process->wait(0), process->who() == "unlucky" ? "exit 3" : "exit 0")
          << process->id();
    }
    EXPECT_EQ(stored(), before);
    frozen.clear();
  };
  at_each_point(SIGSTOP, [&](const std::string& id, const std::string& who, Point point) {
    // The server takes only so many connections.
    if (frozen.size() == 6) finish();
    auto process = std::make_unique<TravelProcess>(id, who, point);
    const std::string end = process->wait(WUNTRACED);
    if (end != "stopped") return "ended";
    frozen.push_back(std::move(process));
    return "frozen";
  });
  finish();
  EXPECT_EQ(unfinished(), 0);
}

/// Waits for the question and answers it twice.
Task<Status> answer_twice(transaction::Sagas& sagas) {
  for (;;) {
    const auto pending = co_await sagas.pending();
    if (!pending.ok()) co_return pending.status();
    if (!pending->empty()) break;
    static_cast<void>(co_await net::sleep(10ms));
  }
  Status status = co_await sagas.answer("trip-1", "approve", "yes");
  if (!status.ok()) co_return status;
  co_return co_await sagas.answer("trip-1", "approve", "no");
}

TEST_F(PostgresSagas, AQuestionIsAnsweredFromAnotherProcess) {
  Travel& here = travel();
  Travel& other = travel();
  auto [booking, second] = run(weft::all(here.book("trip-1", "asked"), answer_twice(other.sagas)));
  EXPECT_TRUE(booking.ok()) << booking.status();
  EXPECT_EQ(second.code(), StatusCode::FailedPrecondition) << second;
  EXPECT_EQ(unfinished(), 0);
}

TEST_F(PostgresSagas, GoOnAfterTheServerHasCrashed) {
  Travel& here = travel();
  for (int i = 0; i < 5; ++i) {
    for (const std::string who : {"ann", "unlucky"}) {
      const std::string id = who + "-" + std::to_string(i);
      auto [booking, crashed] = run(weft::all(here.book(id, who), crash_server(1ms)));
      static_cast<void>(booking);
      static_cast<void>(crashed);
      db_.emplace(opened(one_connection()));
      expect_answer(here, id, who);
      expect_effects(id, who);
    }
  }
}

}  // namespace
}  // namespace weft::test
