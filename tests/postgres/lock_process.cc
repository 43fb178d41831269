// A holder of a lock that dies or freezes at a point, and writes on without asking whether it still
// holds the lock:
//
//     weft_lock_process CONNECTION NAME SIGNAL NUMBER before|after
//
// Exit status: 0 when all writes succeeded, 4 when the fence refused one after the lock was lost.

#include <cstdio>
#include <memory>
#include <string>

#include <sys/prctl.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/storage/postgres/database.h"
#include "weft/storage/sql/transact.h"
#include "weft/testing/run.h"

#include "tests/postgres/locked_effect.h"
#include "tests/postgres/point_process.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using transaction::Lock;
using transaction::Locks;

constexpr int kRefused = 4;

Task<int> write_on(sql::Database database, Locks locks, std::string name, Lock lock) {
  for (int i = 0; i < 100; ++i) {
    const Status status =
        co_await sql::transact(database, locked_effect, locks, name, lock.token());
    if (status.code() == StatusCode::FailedPrecondition && !lock.is_held()) co_return kRefused;
    // The server has ended the connection of a transaction that was frozen, for example.
    if (!status.ok()) std::fprintf(stderr, "%s: %s\n", name.c_str(), status.to_string().c_str());
  }
  co_return 0;
}

Task<int> hold(std::string connection, std::string name, Point point) {
  postgres::Options options;
  options.connections = 1;
  options.idle_transaction = 1s;
  const Result<postgres::Database> opened = co_await postgres::open(connection, options);
  if (!opened.ok()) co_return 1;
  const auto store = std::make_shared<PointStore>(*opened, point);
  const sql::Database database(store);
  // Not on the store, which would count renewals.
  const Result<Locks> locks = co_await Locks::open(*opened, "process");
  if (!locks.ok()) co_return 1;
  Result<Lock> lock = co_await locks->acquire(name, {.lease = 1s});
  if (!lock.ok()) co_return 1;
  store->arm();
  co_return co_await write_on(database, *locks, name, *std::move(lock));
}

int run(char** arguments) {
  net::AsioLoop loop;
  return weft::testing::run(loop, hold(arguments[1], arguments[2], point_of(arguments + 3)),
                            std::chrono::minutes(2));
}

}  // namespace
}  // namespace weft::test

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return argc == 6 ? weft::test::run(argv) : 2;
}
