// Random sagas over services that fail, in processes that crash and machines that lose power,
// compared with what the services say has happened.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/transaction/saga/saga_record.h"
#include "weft/transaction/saga/sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {
namespace {

using namespace std::chrono_literals;

Answer random_answer(Rng& rng, const Branch& branch) {
  const std::uint64_t dice = rng.below(10);
  if (dice < 3) return {.status = unavailable("away"), .has_effect = dice == 0};
  if (dice == 3 && branch.action == Action::Do) {
    return {.status = not_found("none"), .has_effect = rng.below(2) == 0};
  }
  return {};
}

/// Two processes with one store. Between rounds one of them, or both, are new.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : rng_(seed), world_(seed) {
    world_.ledger.script = [this](int, const Branch& branch) {
      return random_answer(rng_, branch);
    };
  }
  ~Walk() { crash(); }

  void round() {
    start_missing();
    const std::uint64_t begun = 1 + rng_.below(3);
    for (std::uint64_t i = 0; i < begun; ++i) begin_saga();
    if (rng_.below(4) == 0) world_.disk.stop_at(1 + rng_.below(20));
    world_.world.run_for(std::chrono::milliseconds(rng_.below(3000)));
    switch (rng_.below(3)) {
      case 0:
        return drop(one_);
      case 1:
        return drop(other_);
      default:
        crash();
        world_.disk.restart();
        world_.open();
    }
  }
  /// From now on all is well: what is left ends.
  void heal() {
    world_.ledger.script = nullptr;
    crash();
    world_.disk.restart();
    world_.open();
    start_missing();
    world_.world.run_for(1h);
  }
  void expect_all_or_nothing() {
    using Row = std::tuple<std::string, std::string, int>;
    const auto rows =
        world_.run(world_.database->all<Row>("SELECT id, name, state FROM weft_saga"));
    ASSERT_TRUE(rows.ok()) << rows.status();
    std::map<std::string, int> kept;  // effects, by saga
    for (const auto& [name, value] : world_.ledger.effects) {
      kept[name.substr(0, name.find('/'))] += value;
    }
    for (const auto& [id, name, state] : *rows) {
      const bool is_done = state == static_cast<int>(SagaState::Done);
      EXPECT_TRUE(is_done || state == static_cast<int>(SagaState::Undone)) << id << " " << state;
      EXPECT_EQ(kept[id], !is_done ? 0 : name == "either" ? 1 : 2) << id << " of " << name;
      kept.erase(id);
    }
    for (const auto& [id, sum] : kept) ADD_FAILURE() << id << " had effects and is not stored";
    EXPECT_GT(rows->size(), 5U);
  }

 private:
  void start_missing() {
    for (std::optional<Sagas>* const sagas : {&one_, &other_}) {
      if (sagas->has_value() || !world_.database) continue;
      sagas->emplace(world_.saga_options());
      EXPECT_TRUE((*sagas)->add("book", book).ok());
      EXPECT_TRUE((*sagas)->add("both", book_both).ok());
      EXPECT_TRUE((*sagas)->add("either", book_either).ok());
      // Fails where the disk stands still since the last round.
      static_cast<void>(world_.run((*sagas)->start()));
    }
  }
  void begin_saga() {
    static constexpr const char* kNames[] = {"book", "both", "either"};
    const std::string id = "trip-" + std::to_string(++sagas_);
    Sagas& sagas = rng_.below(2) == 0 ? *one_ : *other_;
    try {
      static_cast<void>(world_.run(sagas.run<Booking>(kNames[rng_.below(3)], id, Trip()), 1ms));
    } catch (const weft::testing::DidNotHappen&) {
    }
  }
  void drop(std::optional<Sagas>& sagas) {
    world_.world.client_host().enter([&] { sagas.reset(); });
  }
  void crash() {
    drop(one_);
    drop(other_);
    world_.crash();
  }

  Rng rng_;
  TravelWorld world_;
  std::optional<Sagas> one_;
  std::optional<Sagas> other_;
  int sagas_ = 0;
};

TEST(SagaWalk, RandomCrashesLeaveNoSagaHalfDone) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < 15; ++i) walk.round();
    walk.heal();
    walk.expect_all_or_nothing();
  }
}

}  // namespace
}  // namespace weft::transaction::test
