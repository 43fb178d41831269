#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "weft/rpc/server/server_context.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/in_process.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/branch.h"
#include "weft/transaction/internal/test_scripted_store.h"
#include "weft/transaction/saga/sagas.h"

#include "travel.weft.h"

namespace weft::transaction::test {

using namespace weft::test::travel;  // NOLINT: the test's own messages

/// How a call of the hotel ends.
struct Answer {
  Status status;
  bool has_effect = true;
};

/// What the hotel has, with a barrier: effects by branch, at most one each.
struct Ledger {
  std::map<std::string, int> effects;  ///< "trip-1/room": 1 is reserved, 0 was taken back
  std::set<std::string> refused;       ///< undone before they came
  std::vector<std::string> order;      ///< keys of calls that had an effect
  int calls = 0;
  /// Of the n-th call, counted from 1; null: all succeed.
  std::function<Answer(int n, const Branch& branch)> script;
};

class HotelService final : public weft::test::travel::HotelService {
 public:
  explicit HotelService(Ledger& ledger) : ledger_(ledger) {}

  Task<Result<Booking>> Reserve(ServerContext& context, const Booking& request) override {
    return answer(context, request);
  }
  Task<Result<Booking>> Cancel(ServerContext& context, const Booking& request) override {
    return answer(context, request);
  }

 private:
  Result<Booking> answer(ServerContext& context, const Booking& request) {
    const auto branch = branch_of(context.metadata());
    if (!branch.ok() || !branch->has_value()) return invalid_argument("no branch");
    const Branch& at = **branch;
    const Answer answer = ledger_.script ? ledger_.script(++ledger_.calls, at) : Answer();
    const std::string name = at.transaction + "/" + at.name;
    if (answer.has_effect) {
      if (at.action == Action::Do && ledger_.refused.contains(name))
        return failed_precondition("undone before");
      if (at.action == Action::Do && !ledger_.effects.contains(name)) take(name, 1, at);
      if (at.action == Action::Undo && !ledger_.effects.contains(name))
        ledger_.refused.insert(name);
      if (at.action == Action::Undo && ledger_.effects.contains(name)) take(name, 0, at);
    }
    if (!answer.status.ok()) return answer.status;
    return request;
  }
  void take(const std::string& name, int value, const Branch& branch) {
    if (ledger_.effects.contains(name) && ledger_.effects[name] == value) return;
    ledger_.effects[name] = value;
    ledger_.order.push_back(branch.key());
  }

  Ledger& ledger_;
};

inline Booking booking(std::string id) {
  Booking booking;
  booking.set_id(std::move(id));
  return booking;
}

/// A hotel, a store, and the process that runs sagas, which may crash.
class TravelWorld {
 public:
  explicit TravelWorld(std::uint64_t seed = 1) : disk(seed) {
    disk.set_clock([this] {
      const auto passed = std::chrono::floor<std::chrono::milliseconds>(world.now() - begun_);
      return 1'000'000 + passed.count();
    });
    options_.vfs = disk.vfs();
    world.add<HotelService>(ledger);
    world.channel();
    open();
  }

  // Not inline: GCC 12 takes the moved task's value for uninitialised.
  template <class T>
  [[gnu::noinline]] T run(Task<T> task, Duration limit = std::chrono::hours(1)) {
    return weft::testing::run(world.client_host(), std::move(task), limit);
  }
  void crash() {
    world.client_host().enter([&] {
      sagas.reset();
      store_.reset();
      database.reset();
    });
  }
  void open() {
    Result<sqlite::Database> opened = run(sqlite::open(folder.file("sagas.db"), options_));
    if (opened.ok()) database.emplace(*std::move(opened));
  }
  /// For the Sagas that are made from now on, until the next open().
  void script_store(std::function<Task<Status>(const sql::Statement&)> script) {
    if (store_ == nullptr) store_ = std::make_shared<ScriptedStore>(*database);
    store_->script = std::move(script);
  }
  SagasOptions saga_options() {
    SagasOptions options(store_ ? sql::Database(store_) : *database);
    options.find = [this](std::string_view) {
      return std::shared_ptr<Service>(std::shared_ptr<void>(), &world.channel());
    };
    options.lease = std::chrono::minutes(1);
    return options;
  }

  Ledger ledger;
  weft::testing::InProcess world;
  weft::testing::Folder folder;
  /// Its time is the world's; it begins 1000 s after 1970.
  weft::testing::SqliteDisk disk;
  std::optional<sqlite::Database> database;
  std::optional<Sagas> sagas;

 private:
  sqlite::Options options_;
  std::shared_ptr<ScriptedStore> store_;
  TimePoint begun_ = world.now();
};

}  // namespace weft::transaction::test
