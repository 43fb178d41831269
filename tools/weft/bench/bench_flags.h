#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"

#include "tools/weft/bench/load/call_mix.h"
#include "tools/weft/bench/load/load_worker.h"
#include "tools/weft/connection_flags.h"

namespace CLI {
class App;
}

namespace weft::cli::bench {

/// What `weft bench` is told.
struct BenchFlags {
  ConnectionFlags connection;
  ProtoFlags protos;
  std::vector<MethodShare> methods;
  std::vector<DataFlag> data;
  std::size_t connections = 1;
  std::size_t streams = 1;
  std::size_t threads = 1;
  std::uint64_t calls = 0;  ///< 0: not given
  Duration duration{};      ///< 0: not given
  Duration warmup{};
  double rate = 0;  ///< 0: closed loop
  std::uint64_t backlog = 100'000;
  std::uint64_t seed = 1;
  bool stream = false;
  bool no_check = false;
  bool quiet = false;
  std::string json;  ///< file; empty: none, "-": standard output
  std::string html;

  /// What the flags say of the whole run. Refers to this object.
  LoadPlan plan() const;
};

/// Adds arguments and flags to `command`. `flags` must outlive the parsing.
void add_bench_flags(CLI::App& command, BenchFlags& flags);
/// INVALID_ARGUMENT naming flags that cannot be followed together.
Status check_bench_flags(const BenchFlags& flags);
/// The same, for what only the types tell.
Status check_kinds(const BenchFlags& flags, const CallMix& mix);

}  // namespace weft::cli::bench
