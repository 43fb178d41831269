#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/storage/sql/transact.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/internal/test_forwarding_driver.h"
#include "weft/transaction/lock/locks.h"

namespace weft::transaction::test {

/// A database that can be out of reach.
class AwayDriver final : public ForwardingDriver {
 public:
  using ForwardingDriver::ForwardingDriver;
  Task<Result<sql::Rows>> run(sql::Statement statement) override {
    if (away) return Result<sql::Rows>(unavailable("the database is away"));
    return ForwardingDriver::run(std::move(statement));
  }
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override {
    if (away) {
      return Result<std::unique_ptr<sql::Session>>(unavailable("the database is away"));
    }
    return ForwardingDriver::begin(options);
  }
  bool away = false;
};

/// A program with its own handle of the file.
struct Program {
  explicit Program(net::SimLoop& on) : host(on) {}
  net::SimLoop& host;
  std::shared_ptr<AwayDriver> driver;
  std::optional<sql::Database> db;
  std::optional<Locks> locks;
  std::optional<Lock> held;
};

inline Task<Status> effect(sql::Transaction& tx, const Locks& locks, std::int64_t token) {
  Status status = co_await locks.check(tx, "job", token);
  if (!status.ok()) co_return status;
  co_return (co_await tx.run("INSERT INTO effect(token) VALUES ($1)", token)).status();
}

class LocksTest : public ::testing::Test {
 protected:
  LocksTest() {
    disk.set_clock([this] {
      const auto since = network.now().time_since_epoch() + clock_offset;
      return 1'700'000'000'000 +
             std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    });
    for (const char* name : {"a", "b", "c"}) start(network.host(name));
  }
  ~LocksTest() override {
    for (auto& program : programs) drop(*program);
  }

  void start(net::SimLoop& host) {
    programs.push_back(std::make_unique<Program>(host));
    Program& program = *programs.back();
    sqlite::Options options;
    options.vfs = disk.vfs();
    options.busy_timeout = std::chrono::milliseconds(1);  // real time, in which the others stand
    options.migrations.push_back(
        {"effect", "CREATE TABLE effect(number INTEGER PRIMARY KEY, token INTEGER)"});
    program.driver = std::make_shared<AwayDriver>(
        *weft::testing::run(host, sqlite::open(folder.file("data.db"), options)));
    program.db.emplace(program.driver);
    program.locks.emplace(*weft::testing::run(host, Locks::open(*program.db, host.name())));
  }
  /// As if the program died.
  static void drop(Program& program) {
    program.host.enter([&] { program.held.reset(); });
  }
  Status acquire(Program& program, LockOptions options = {}) {
    Result<Lock> lock = weft::testing::run(program.host, program.locks->acquire("job", options));
    if (!lock.ok()) return lock.status();
    program.host.enter([&] { program.held.emplace(*std::move(lock)); });
    return ok_status();
  }
  static Status release(Program& program) {
    const Status status = weft::testing::run(program.host, program.held->release());
    drop(program);
    return status;
  }
  static Status act(Program& program, std::int64_t token) {
    return weft::testing::run(program.host,
                              sql::transact(*program.db, effect, *program.locks, token));
  }
  int holders() const {
    int count = 0;
    for (const auto& program : programs) count += program->held && program->held->is_held();
    return count;
  }

  net::SimNetwork network{1};
  weft::testing::Folder folder;
  Duration clock_offset{};
  weft::testing::SqliteDisk disk{1};
  std::vector<std::unique_ptr<Program>> programs;
  Program& a() { return *programs[0]; }
  Program& b() { return *programs[1]; }
};

}  // namespace weft::transaction::test
