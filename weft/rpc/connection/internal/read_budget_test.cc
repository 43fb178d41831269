#include "weft/rpc/connection/internal/read_budget.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;

struct Reader : Runnable {
  explicit Reader(std::string& of, char letter, std::int32_t units = 0) noexcept
      : Runnable(&Reader::call), log(of), name(letter), work(units) {}
  static void call(Runnable& item) noexcept {
    auto& self = static_cast<Reader&>(item);
    self.log += self.name;
    net::Loop::current()->add_work(self.work);
  }
  std::string& log;
  char name;
  std::int32_t work;
};

class ReadBudgetTest : public ::testing::Test {
 protected:
  void use_up(ReadBudget& budget) {
    while (budget.take_small(0)) {
    }
  }
  net::SimNetwork network{1};
  net::SimLoop& loop = network.host("host");
  std::string log;
};

TEST_F(ReadBudgetTest, IsSpentByMessagesAndByDecodedBytes) {
  ReadBudget budget(loop);
  for (int i = 0; i < ReadBudget::kUnits; ++i) EXPECT_TRUE(budget.take_small(0));
  EXPECT_FALSE(budget.take_small(0));
  ReadBudget other(loop);
  other.spend_bytes(std::size_t{ReadBudget::kUnits} * 512);
  EXPECT_FALSE(other.take_small(0));
}

TEST_F(ReadBudgetTest, IsFullAgainInATurnOfItsOwn) {
  ReadBudget budget(loop);
  Reader a(log, 'a');
  Reader b(log, 'b');
  loop.enter([&] {
    use_up(budget);
    budget.wait(a);
    budget.wait(b);
  });
  EXPECT_EQ(log, "");
  network.run_for(1ms);
  EXPECT_EQ(log, "ab");
  EXPECT_TRUE(budget.take_small(0));
}

TEST_F(ReadBudgetTest, IsFullAgainInEachRoundOfTheLoop) {
  ReadBudget budget(loop);
  loop.enter([&] {
    budget.begin_round();
    use_up(budget);
    budget.begin_round();
    EXPECT_FALSE(budget.take_small(0)) << "the same round";
  });
  loop.post([&] { budget.begin_round(); });
  network.run_for(1ms);
  EXPECT_TRUE(budget.take_small(0));
}

TEST_F(ReadBudgetTest, IsSmallWhereOthersHaveDoneMuchInTheRound) {
  ReadBudget other(loop);
  ReadBudget budget(loop);
  loop.enter([&] {
    while (!loop.round_is_long()) static_cast<void>(other.take_small(0));
    budget.begin_round();
    for (int i = 0; i < ReadBudget::kLittle; ++i) EXPECT_TRUE(budget.take_small(0));
    EXPECT_FALSE(budget.take_small(0));
  });
}

TEST_F(ReadBudgetTest, IgnoresTheTimeOfMessagesAfterAMeasuredOne) {
  WaitingReads all;
  ReadBudget budget(loop, all);
  loop.enter([&] { budget.begin_parsing(true); });
  network.run_for(1s);
  loop.enter([&] {
    budget.begin_parsing(false);
    budget.end_parsing();
    EXPECT_FALSE(loop.round_is_long()) << "what nobody ended is forgotten";
    budget.begin_parsing(true);
  });
  network.run_for(1s);
  loop.enter([&] {
    budget.end_parsing();
    EXPECT_TRUE(loop.round_is_long());
  });
}

TEST_F(ReadBudgetTest, KeepsEverySecondTurnForEnds) {
  ReadBudget first(loop);
  ReadBudget second(loop);
  ReadBudget others(loop);
  Reader a(log, 'a');
  Reader b(log, 'b');
  constexpr std::int32_t kMuch = net::Loop::kLongRound;
  Reader ends[] = {Reader(log, '1', kMuch), Reader(log, '2', kMuch), Reader(log, '3', kMuch)};
  loop.enter([&] {
    first.wait(a);
    second.wait(b);
    for (Reader& end : ends) others.wait_to_end(end);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "1a2b3");
}

TEST_F(ReadBudgetTest, LetsManyEndsThatCountLittleShareATurn) {
  ReadBudget first(loop);
  ReadBudget others(loop);
  Reader a(log, 'a');
  Reader ends[] = {Reader(log, '1'), Reader(log, '2'), Reader(log, '3')};
  loop.enter([&] {
    first.wait(a);
    for (Reader& end : ends) others.wait_to_end(end);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "123a");
}

TEST_F(ReadBudgetTest, ReadsNoMoreOfAConnectionThatEnds) {
  ReadBudget budget(loop);
  Reader a(log, 'a');
  Reader end(log, 'e');
  loop.enter([&] {
    budget.wait(a);
    budget.wait_to_end(end);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "e");
}

TEST_F(ReadBudgetTest, GivesEachConnectionItsTurn) {
  ReadBudget first(loop);
  ReadBudget second(loop);
  Reader a(log, 'a');
  Reader b(log, 'b');
  Reader c(log, 'c');
  loop.enter([&] {
    first.wait(a);
    second.wait(b);
    first.wait(c);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "acb");
}

TEST_F(ReadBudgetTest, AllowsOneLargeMessageInSuchATurnOnly) {
  ReadBudget budget(loop);
  EXPECT_FALSE(budget.take_large());
  struct Large : Runnable {
    explicit Large(ReadBudget& of) noexcept : Runnable(&Large::call), budget(of) {}
    static void call(Runnable& item) noexcept {
      auto& self = static_cast<Large&>(item);
      self.taken += self.budget.take_large() ? 1 : 0;
      self.taken += self.budget.take_large() ? 1 : 0;
    }
    ReadBudget& budget;
    int taken = 0;
  };
  Large large(budget);
  loop.enter([&] { budget.wait(large); });
  network.run_for(1ms);
  EXPECT_EQ(large.taken, 1);
  Reader unused(log, 'u');
  loop.enter([&] { budget.wait(unused); });
  network.run_for(1ms);
  EXPECT_FALSE(budget.take_large()) << "what was not used does not last";
}

TEST_F(ReadBudgetTest, ForgetsReadersThatAreGone) {
  ReadBudget budget(loop);
  Reader kept(log, 'k');
  loop.enter([&] {
    Reader gone(log, 'g');
    budget.wait(gone);
    budget.wait(kept);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "k");
}

TEST_F(ReadBudgetTest, MayGoWhileATurnIsDue) {
  Reader reader(log, 'r');
  loop.enter([&] {
    ReadBudget budget(loop);
    budget.wait(reader);
  });
  network.run_for(1ms);
  EXPECT_EQ(log, "");
}

}  // namespace
}  // namespace weft::rpc
