#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/transaction/saga/sagas.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using ::testing::HasSubstr;
using transaction::Saga;
using transaction::Sagas;

Task<Result<StringValue>> approve(Saga& saga, const StringValue& input) {
  auto answer = co_await saga.ask("approve", "May " + input.value() + "\n go?").otherwise("no", 1h);
  if (!answer.ok() || *answer != "yes") co_return saga.abort();
  co_return input;
}

class WeftSaga : public ::testing::Test {
 public:
  void SetUp() override {
    run([](WeftSaga& test) -> Task<Status> {
      const auto sagas = co_await test.open();
      StringValue input;
      input.set_value("ann");
      // Leaves the saga at its question.
      static_cast<void>(
          co_await net::in_own_context(500ms, sagas->run<StringValue>("approve", "trip-1", input)));
      co_return ok_status();
    });
  }
  Task<std::unique_ptr<Sagas>> open() {
    const Result<sqlite::Database> database = co_await sqlite::open(file);
    transaction::SagasOptions options(*database);
    options.find = [](std::string_view) { return nullptr; };
    options.lease = 500ms;
    auto sagas = std::make_unique<Sagas>(std::move(options));
    EXPECT_TRUE(sagas->add("approve", approve).ok());
    EXPECT_TRUE((co_await sagas->start()).ok());
    co_return sagas;
  }
  void run(Task<Status> (*function)(WeftSaga&)) {
    net::AsioLoop loop;
    const Status status = weft::testing::run(loop, function(*this));
    EXPECT_TRUE(status.ok()) << status;
  }
  Ended weft(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "saga");
    return run_weft(arguments);
  }

  const testing::Folder folder;
  const std::string file = folder.file("sagas.db");
};

TEST_F(WeftSaga, ListsAndShowsSagas) {
  const Ended listed = weft({"list", file});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("trip-1  approve  running"));
  const Ended shown = weft({"show", file, "trip-1"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("approve  question  intent  \"May ann\\n go?\""));
  const Ended json = weft({"show", "sqlite:" + file, "trip-1", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"("steps":[{"name":"approve","kind":"question")"));
  EXPECT_EQ(weft({"stuck", file}).err, "no such sagas\n");
  EXPECT_EQ(weft({"list", file, "--over", "--json"}).out, "");
}

TEST_F(WeftSaga, AnswersAQuestionOnce) {
  EXPECT_THAT(weft({"questions", file}).out, HasSubstr("\"May ann\\n go?\""));
  const Ended first = weft({"answer", file, "trip-1", "approve", "yes"});
  EXPECT_EQ(first.status, 0) << first.err;
  const Ended second = weft({"answer", file, "trip-1", "approve", "no"});
  EXPECT_NE(second.status, 0);
  EXPECT_THAT(second.err, HasSubstr("was answered already"));
  run([](WeftSaga& test) -> Task<Status> {
    const auto sagas = co_await test.open();
    StringValue input;
    input.set_value("ann");
    co_return (co_await sagas->run<StringValue>("approve", "trip-1", input)).status();
  });
}

TEST_F(WeftSaga, HasASagaUndone) {
  EXPECT_EQ(weft({"undo", file, "trip-1"}).status, 0);
  EXPECT_THAT(weft({"list", file}).out, HasSubstr("undoing"));
  EXPECT_THAT(weft({"resume", file, "trip-1"}).err, HasSubstr("it is not stuck"));
}

TEST_F(WeftSaga, SaysWhatIsWrongWithAStore) {
  EXPECT_THAT(weft({"list", folder.file("none.db")}).err, HasSubstr("there is no such file"));
  EXPECT_THAT(weft({"list", folder.write("text", "no database, that is for sure")}).err,
              HasSubstr("text"));
  EXPECT_THAT(weft({"show", file, "trip-2"}).err, HasSubstr("there is no saga \"trip-2\""));
}

}  // namespace
}  // namespace weft::test
