#pragma once

#include "tools/weft/bench/load/load_run.h"
#include "tools/weft/terminal.h"

namespace weft::cli::bench {

/// How a run goes, on standard error: a line that changes on a terminal, elsewhere now and then a
/// line of its own.
class ProgressLine {
 public:
  explicit ProgressLine(const LoadPlan& plan);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const LoadProgress& progress);
  /// Takes the line off the terminal.
  void clear();

 private:
  double share(const LoadProgress& progress) const noexcept;

  const LoadPlan& plan_;
  Style style_;
  bool changes_;
  bool shown_ = false;
  Duration next_;  // without a terminal: when the next line is due
};

}  // namespace weft::cli::bench
