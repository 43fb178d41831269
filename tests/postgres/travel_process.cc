// One saga in a process of its own, which dies or freezes at a point:
//
//     weft_travel_process CONNECTION ID WHO SIGNAL NUMBER before|after
//
// Exit status: 0 when the saga succeeded, 3 when there was no car.

#include <cstdio>
#include <string>

#include <sys/prctl.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/testing/run.h"

#include "tests/postgres/point_process.h"
#include "tests/postgres/travel.h"

namespace weft::test {
namespace {

Task<Status> book(std::string connection, std::string id, std::string who, Point point) {
  const Result<std::unique_ptr<Travel>> travel =
      co_await Travel::open(std::move(connection), "travel", point);
  if (!travel.ok()) co_return travel.status();
  co_return (co_await (*travel)->book(id, who)).status();
}

int run(char** arguments) {
  net::AsioLoop loop;
  const Status status = weft::testing::run(
      loop, book(arguments[1], arguments[2], arguments[3], point_of(arguments + 4)),
      std::chrono::minutes(2));
  if (status.ok()) return 0;
  if (status.to_string() == "FAILED_PRECONDITION: full") return 3;
  std::fprintf(stderr, "%s: %s\n", arguments[2], status.to_string().c_str());
  return 1;
}

}  // namespace
}  // namespace weft::test

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return argc == 7 ? weft::test::run(argv) : 2;
}
