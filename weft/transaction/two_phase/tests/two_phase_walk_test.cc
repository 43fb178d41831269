// Random transfers between banks that fail, answer late and crash, by coordinators that crash and
// on machines that lose power. Afterwards no money is lost and nothing is in doubt.
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/transaction/two_phase/tests/internal/test_bank_world.h"

namespace weft::transaction::test {
namespace {

/// Two coordinators with one store. Between rounds one of them, or both, are new.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : rng_(seed), world_(seed) {
    for (auto& [name, bank] : world_.banks) {
      bank->script = [this](int, Bank::Op) { return random_answer(); };
    }
    world_.resolve_in_doubt();
  }

  void round() {
    start_missing();
    const std::uint64_t begun = 1 + rng_.below(4);
    for (std::uint64_t i = 0; i < begun; ++i) transfer();
    if (rng_.below(4) == 0) world_.disk.stop_at(1 + rng_.below(12));
    world_.run_for(std::chrono::milliseconds(rng_.below(40'000)));
    switch (rng_.below(5)) {
      case 0:
        return world_.drop(world_.one);
      case 1:
        return world_.drop(world_.other);
      case 2:
        return world_.from().crash();
      case 3:
        return world_.to().crash();
      default:
        return restart();
    }
  }
  /// From now on all is well: what is left ends.
  void heal() {
    for (auto& [name, bank] : world_.banks) bank->script = nullptr;
    restart();
    start_missing();
    world_.run_for(1h);
  }
  void expect_all_or_nothing() {
    EXPECT_EQ(world_.money(), 2000);
    EXPECT_TRUE(world_.from().is_idle());
    EXPECT_TRUE(world_.to().is_idle());
    EXPECT_EQ(world_.records(), 0);
    std::map<std::string, std::string> committed;  // "from", "to", by transaction
    for (auto& [name, bank] : world_.banks) {
      for (const std::string& event : bank->order) {
        if (!event.starts_with("commit ")) continue;
        const std::string id = event.substr(7, event.find('/') - 7);
        committed[id] += name;
      }
    }
    for (const auto& [id, where] : committed) EXPECT_EQ(where, "bank-abank-b") << id;
    for (const auto& [id, ok] : told_) EXPECT_EQ(ok, committed.contains(id)) << id;
    commits += committed.size();
  }
  std::size_t commits = 0;
  const std::map<std::string, bool>& told() const { return told_; }

 private:
  Answer random_answer() {
    const std::uint64_t dice = rng_.below(12);
    Answer answer;
    if (dice < 3) answer.status = unavailable("away");
    if (dice < 2) answer.has_effect = false;
    if (dice == 3) answer.delay = std::chrono::milliseconds(rng_.below(20'000));
    if (dice == 4) answer.status = aborted("no");
    return answer;
  }
  void start_missing() {
    for (auto* const coordinator : {&world_.one, &world_.other}) {
      // Fails where the disk stands still since the last round.
      if (!coordinator->has_value() && world_.database) {
        world_.start(*coordinator, world_.options());
      }
    }
  }
  void restart() {
    world_.crash();
    world_.disk.restart();
    world_.open();
  }
  void transfer() {
    auto& coordinator = rng_.below(2) == 0 ? world_.one : world_.other;
    if (!coordinator) return;
    const std::string id = "t" + std::to_string(++transfers_);
    const Duration patience = std::chrono::milliseconds(rng_.below(15'000));
    try {
      const Status status = world_.run(
          world_.transfer(*coordinator, id, 1 + static_cast<int>(rng_.below(100))), patience);
      if (status.ok()) told_[id] = true;
      if (status.code() == StatusCode::Aborted) told_[id] = false;
    } catch (const weft::testing::DidNotHappen&) {
    }
  }

  Rng rng_;
  BankWorld world_;
  std::map<std::string, bool> told_;  ///< what callers were told: committed or not
  int transfers_ = 0;
};

TEST(TwoPhaseWalk, RandomCrashesLeaveNoTransferHalfDone) {
  std::size_t commits = 0;
  std::size_t told = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < 15; ++i) walk.round();
    walk.heal();
    walk.expect_all_or_nothing();
    commits += walk.commits;
    told += walk.told().size();
  }
  EXPECT_GT(commits, 100U);
  EXPECT_GT(told, commits);
}

}  // namespace
}  // namespace weft::transaction::test
