#pragma once

#include <span>

namespace bench {

/// Something that is done again and again on the way of a call. Run twice with different counts
/// under callgrind, the difference is what one of them costs.
struct Operation {
  const char* name;
  void (*run)(unsigned times);
};

std::span<const Operation> piece_operations();  // parts of a call, each alone
std::span<const Operation> call_operations();   // whole calls, client and server in one thread

}  // namespace bench
