#pragma once

#include <string>
#include <vector>

#include "tools/weft/bench/bench_flags.h"
#include "tools/weft/bench/load/call_mix.h"
#include "tools/weft/bench/load/load_run.h"
#include "tools/weft/terminal.h"

namespace weft::cli::bench {

/// A run with what it was told to do, for those who show it.
struct BenchReport {
  const BenchFlags& flags;
  const LoadPlan& plan;
  std::vector<std::string> methods;  ///< "pkg.Service/Method"
  const LoadResult& result;

  /// "calls" or "messages".
  std::string noun() const { return plan.message_streams ? "messages" : "calls"; }
  /// "8 connections x 32 streams, closed loop".
  std::string load_text() const;
  /// What makes the figures mean something else than they seem to, a line each.
  std::vector<std::string> warnings() const;
};

/// The table that is printed at the end.
std::string summary_text(const BenchReport& report, const Style& style);
/// One JSON object; docs/reference/weft-command.md names its members.
std::string json_report(const BenchReport& report);
/// A page of HTML with everything in it.
std::string html_report(const BenchReport& report);

}  // namespace weft::cli::bench
