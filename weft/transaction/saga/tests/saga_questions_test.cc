#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/any.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Task<Result<Booking>> book_approved(Saga& saga, const Trip& trip) {
  auto room = co_await saga.step("room", hotel.Reserve(booking("room")))
                  .undo(hotel.Cancel(booking("room")));
  if (!room.ok()) co_return saga.abort(room.status());
  auto approved = co_await saga.ask("approve", "A room for " + trip.who() + "?")
                      .otherwise("no", std::chrono::hours(24));
  if (!approved.ok() || *approved != "yes") co_return saga.abort();
  co_return *room;
}

/// Waits a minute for the answer.
Task<Result<Booking>> book_unasked(Saga& saga, const Trip&) {
  auto answer = co_await weft::any(saga.sleep_until(sql::Timestamp(1000s) + 60s),
                                   saga.ask("name", "What is its name?").run());
  if (answer.index() == 1) co_return booking(*std::get<1>(answer));
  co_await saga.sleep_until(sql::Timestamp(1000s) + 120s);
  co_return booking("nobody");
}

class SagaQuestions : public ::testing::Test {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { world.crash(); }
  void start() {
    world.sagas.emplace(world.saga_options());
    ASSERT_TRUE(world.sagas->add("book", book_approved).ok());
    ASSERT_TRUE(world.sagas->add("unasked", book_unasked).ok());
    const Status status = world.run(world.sagas->start());
    ASSERT_TRUE(status.ok()) << status;
  }
  void restart() {
    world.crash();
    world.open();
    start();
  }
  Task<Result<Booking>> booking_of(std::string_view name) {
    Trip trip;
    trip.set_who("ann");
    return world.sagas->run<Booking>(name, "trip-1", trip);
  }
  /// Begins a saga and lets it come to its question.
  void begin(std::string_view name = "book") {
    EXPECT_THROW(static_cast<void>(world.run(booking_of(name), 10s)), weft::testing::DidNotHappen);
  }
  Result<Booking> end(std::string_view name = "book") {
    return world.run(booking_of(name), std::chrono::hours(48));
  }
  std::string answer(std::string text, std::string question = "approve",
                     std::string id = "trip-1") {
    return world.run(world.sagas->answer(std::move(id), std::move(question), std::move(text)))
        .to_string();
  }

  TravelWorld world;
};

TEST_F(SagaQuestions, AnAnswerLetsTheSagaGoOn) {
  begin();
  EXPECT_EQ(answer("yes"), "OK");
  world.world.run_for(10ms);
  EXPECT_EQ(world.sagas->running(), 0U);
  EXPECT_TRUE(end().ok());
}

TEST_F(SagaQuestions, AQuestionAndItsAnswerSurviveCrashes) {
  begin();
  restart();
  EXPECT_EQ(answer("yes"), "OK");
  restart();
  const Result<Booking> room = end();
  EXPECT_TRUE(room.ok()) << room.status();
  EXPECT_THAT(world.ledger.order, ElementsAre("trip-1/room/do"));
}

TEST_F(SagaQuestions, TheDeadlineAnswersOverACrash) {
  begin();
  world.world.run_for(20h);
  restart();
  world.world.run_for(3h);
  EXPECT_EQ(world.sagas->running(), 1U);
  world.world.run_for(2h);
  EXPECT_EQ(world.sagas->running(), 0U);
  EXPECT_EQ(end().status().code(), StatusCode::Aborted);
  EXPECT_THAT(world.ledger.order, ElementsAre("trip-1/room/do", "trip-1/room/undo"));
}

TEST_F(SagaQuestions, PendingQuestionsAreListed) {
  begin();
  const auto pending = world.run(world.sagas->pending());
  ASSERT_TRUE(pending.ok()) << pending.status();
  ASSERT_EQ(pending->size(), 1U);
  const PendingQuestion& question = pending->front();
  EXPECT_EQ(question.saga, "trip-1");
  EXPECT_EQ(question.saga_name, "book");
  EXPECT_EQ(question.question, "approve");
  EXPECT_EQ(question.text, "A room for ann?");
  EXPECT_EQ(question.otherwise, "no");
  ASSERT_TRUE(question.deadline.has_value());
  EXPECT_LT(*question.deadline - question.asked - 24h, 1s);
  EXPECT_EQ(answer("yes"), "OK");
  EXPECT_TRUE(world.run(world.sagas->pending())->empty());
}

TEST_F(SagaQuestions, WrongAnswersSayWhy) {
  EXPECT_EQ(answer("yes"), "NOT_FOUND: there is no saga \"trip-1\"");
  begin();
  EXPECT_EQ(answer("yes", "room"), "NOT_FOUND: question \"room\" of saga \"trip-1\" was not asked");
  EXPECT_EQ(answer("yes"), "OK");
  EXPECT_EQ(answer("no"),
            "FAILED_PRECONDITION: question \"approve\" of saga \"trip-1\" was answered already, by "
            "a person or by its deadline");
  EXPECT_TRUE(end().ok());
  EXPECT_THAT(answer(std::string((1 << 20) + 1, 'x')), HasSubstr("SagasOptions::max_reply"));
}

TEST_F(SagaQuestions, ALateAnswerSaysSo) {
  begin();
  world.crash();
  world.world.run_for(25h);
  world.open();
  // Without the saga's code nobody has let the deadline pass yet.
  world.sagas.emplace(world.saga_options());
  ASSERT_TRUE(world.run(world.sagas->start()).ok());
  EXPECT_EQ(
      answer("yes"),
      "FAILED_PRECONDITION: the deadline of question \"approve\" of saga \"trip-1\" has passed");
}

TEST_F(SagaQuestions, AnAnswerThroughAnotherProcessIsSeen) {
  std::optional<Sagas> other;
  other.emplace(world.saga_options());
  ASSERT_TRUE(world.run(other->start()).ok());
  begin();
  EXPECT_TRUE(world.run(other->answer("trip-1", "approve", "yes")).ok());
  world.world.run_for(2s);
  EXPECT_EQ(world.sagas->running(), 0U);
  world.world.client_host().enter([&] { other.reset(); });
}

TEST_F(SagaQuestions, AQuestionThatIsLeftTakesNoAnswer) {
  begin("unasked");
  world.world.run_for(80s);
  EXPECT_TRUE(world.run(world.sagas->pending())->empty());
  EXPECT_THAT(answer("Ritz", "name"), HasSubstr("is asked no more"));
  EXPECT_EQ(end("unasked")->id(), "nobody");
}

Task<Status> write_without_answer(sql::Database database, sql::Statement statement) {
  static_cast<void>(co_await database.run(std::move(statement)));
  co_return Status(StatusCode::Unknown, "the answer was lost");
}
Task<Status> wait(Duration duration) { co_return co_await net::sleep(duration); }

TEST_F(SagaQuestions, ARepeatedWriteKeepsTheAnswer) {
  int writes = 0;
  world.script_store([this, &writes](const sql::Statement& statement) {
    const bool asks = statement.text().starts_with("INSERT INTO weft_saga_step") && ++writes >= 2;
    if (asks && writes == 2) return write_without_answer(*world.database, statement);
    return wait(asks ? Duration(1min) : Duration::zero());
  });
  start();
  begin();
  EXPECT_EQ(answer("yes"), "OK");
  const Result<Booking> room = end();
  EXPECT_TRUE(room.ok()) << room.status();
  EXPECT_GE(writes, 3);
}

}  // namespace
}  // namespace weft::transaction::test
