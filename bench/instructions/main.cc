// What is counted by `./dev bench instructions`: prints the names of the operations, or runs one of
// them a number of times.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include "weft/rpc/call/message/slow_parse.h"

#include "bench/instructions/operation.h"

int main(int argc, char* argv[]) {
  weft::rpc::SlowParse::set_longest(std::chrono::hours(1));
  for (const auto& list : {bench::piece_operations(), bench::call_operations()}) {
    for (const bench::Operation& operation : list) {
      if (argc == 1) std::puts(operation.name);
      if (argc != 3 || std::strcmp(argv[1], operation.name) != 0) continue;
      operation.run(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
      return 0;
    }
  }
  if (argc == 1) return 0;
  std::fprintf(stderr, "usage: bench_instructions [OPERATION TIMES]\n");
  return 2;
}
