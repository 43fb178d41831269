// Statements of PostgreSQL by weft and by libpq's own pipeline mode, on one connection each to one
// server, in turn: medians of the rounds and their ratio.
//
//     bench_postgres [rounds]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "weft/coro/all.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/storage/postgres/database.h"
#include "weft/testing/run.h"

#include "bench/postgres/libpq_client.h"
#include "tests/postgres/postgres_process.h"

namespace weft::bench {
namespace {

struct Scenario {
  const char* name;
  const char* statement;  // libpq's name of it
  const char* text;
  bool inserts;
  std::size_t count;
  std::size_t depth;
};
constexpr Scenario kScenarios[] = {
    {"SELECT 1, one at a time", "one", "SELECT 1", false, 2000, 1},
    {"SELECT 1, 32 in flight", "one", "SELECT 1", false, 10000, 32},
    {"INSERT, one at a time", "insert", "INSERT INTO bench VALUES ($1)", true, 2000, 1},
    {"INSERT, 32 in flight", "insert", "INSERT INTO bench VALUES ($1)", true, 10000, 32},
};

Task<Status> caller(postgres::Database db, const Scenario& scenario, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (scenario.inserts) {
      const auto done = co_await db.run(scenario.text, 7);
      if (!done.ok()) co_return done.status();
    } else {
      const Result<int> one = co_await db.one<int>(scenario.text);
      if (!one.ok()) co_return one.status();
    }
  }
  co_return ok_status();
}

Task<Status> callers(postgres::Database db, const Scenario& scenario) {
  std::vector<Task<Status>> tasks;
  for (std::size_t i = 0; i < scenario.depth; ++i) {
    tasks.push_back(caller(db, scenario, scenario.count / scenario.depth));
  }
  for (const Status& status : co_await all(std::move(tasks))) {
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

struct Cost {
  double wall = 0;  // microseconds a statement
  double cpu = 0;   // of this process
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class F>
Cost measured(std::size_t count, F&& work) {
  const double cpu = cpu_seconds();
  const auto begun = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  const double each = 1e6 / static_cast<double>(count);
  return {wall.count() * each, (cpu_seconds() - cpu) * each};
}

double median(std::vector<Cost> costs, double Cost::*what) {
  std::sort(costs.begin(), costs.end(),
            [&](const Cost& a, const Cost& b) { return a.*what < b.*what; });
  return costs[costs.size() / 2].*what;
}

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::exit(1);
}

void measure(net::AsioLoop& loop, const postgres::Database& db, LibpqClient& libpq,
             const Scenario& scenario, int rounds) {
  std::vector<Cost> ours;
  std::vector<Cost> theirs;
  for (int round = 0; round <= rounds; ++round) {
    const Cost weft = measured(scenario.count, [&] {
      must(weft::testing::run(loop, callers(db, scenario), std::chrono::minutes(2)));
    });
    const Cost other = measured(scenario.count, [&] {
      libpq.run(scenario.statement, scenario.inserts ? "7" : nullptr, scenario.count,
                scenario.depth);
    });
    // The first is for warming up.
    if (round == 0) continue;
    ours.push_back(weft);
    theirs.push_back(other);
  }
  const double wall = median(ours, &Cost::wall);
  const double libpq_wall = median(theirs, &Cost::wall);
  const double cpu = median(ours, &Cost::cpu);
  const double libpq_cpu = median(theirs, &Cost::cpu);
  std::printf("%-26s weft %7.2f us, libpq %7.2f us: %.2f    CPU %6.2f, %6.2f us: %.2f\n",
              scenario.name, wall, libpq_wall, wall / libpq_wall, cpu, libpq_cpu, cpu / libpq_cpu);
}

int run(int rounds) {
  if (!test::have_postgres()) {
    std::fprintf(stderr, "PostgreSQL is not installed\n");
    return 1;
  }
  const std::string target = test::server().connection_string();
  net::AsioLoop loop;
  postgres::Options options;
  options.connections = 1;
  Result<postgres::Database> db = weft::testing::run(loop, postgres::open(target, options));
  must(db.status());
  must(weft::testing::run(loop, db->run("CREATE UNLOGGED TABLE bench(n int)")).status());
  LibpqClient libpq(target);
  libpq.prepare("one", "SELECT 1");
  libpq.prepare("insert", "INSERT INTO bench VALUES ($1)");
  for (const Scenario& scenario : kScenarios) measure(loop, *db, libpq, scenario, rounds);
  return 0;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char* argv[]) { return weft::bench::run(argc > 1 ? std::atoi(argv[1]) : 15); }
