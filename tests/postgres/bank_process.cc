// A bank, or a coordinator with one transfer, in a process of its own that dies or freezes at a
// point of its database's use:
//
//     weft_bank_process bank   DATABASE LISTEN OFFICE SIGNAL NUMBER before|after
//     weft_bank_process office DATABASE FROM TO ID SIGNAL NUMBER before|after
//
// A bank ends after a minute. Exit status of an office: 0 committed, 3 aborted.

#include <cstdio>
#include <string>

#include <sys/prctl.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/testing/run.h"

#include "tests/postgres/bank.h"
#include "tests/postgres/point_process.h"

namespace weft::test {
namespace {

Task<Status> serve(std::string database, std::string listen, std::string office, Point point) {
  std::vector<std::string> addresses(1, listen);
  const Result<std::unique_ptr<BankNode>> node =
      co_await BankNode::open(std::move(database), std::move(addresses), std::move(office), point);
  if (!node.ok()) co_return node.status();
  co_return co_await net::sleep(std::chrono::minutes(1));
}

Task<Status> transfer(std::string database, std::string from, std::string to, std::string id,
                      Point point) {
  const Result<std::unique_ptr<OfficeNode>> node =
      co_await OfficeNode::open(std::move(database), "inproc:office", point);
  if (!node.ok()) co_return node.status();
  co_return co_await (*node)->transfer(id, std::move(from), std::move(to), id, 100);
}

int run(int argc, char** arguments) {
  const Point point = point_of(arguments + argc - 3);
  const bool is_bank = std::string(arguments[1]) == "bank";
  net::AsioLoop loop;
  Task<Status> task = is_bank
                          ? serve(arguments[2], arguments[3], arguments[4], point)
                          : transfer(arguments[2], arguments[3], arguments[4], arguments[5], point);
  const Status status = weft::testing::run(loop, std::move(task), std::chrono::minutes(2));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", arguments[1], status.to_string().c_str());
  return status.code() == StatusCode::Aborted ? 3 : 1;
}

}  // namespace
}  // namespace weft::test

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return argc == 8 || argc == 9 ? weft::test::run(argc, argv) : 2;
}
