#include "tools/weft/bench/report/progress_line.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <unistd.h>

#include "tools/weft/bench/report/figures.h"

namespace weft::cli::bench {
namespace {

constexpr std::size_t kBar = 24;
// Between lines that stay.
constexpr Duration kLines = std::chrono::seconds(2);

}  // namespace

ProgressLine::ProgressLine(const LoadPlan& plan)
    : plan_(plan),
      style_(Style::of(STDERR_FILENO)),
      changes_(is_terminal(STDERR_FILENO) && !is_dumb_terminal()),
      next_(kLines) {}

double ProgressLine::share(const LoadProgress& progress) const noexcept {
  const double done = plan_.calls == UINT64_MAX
                          ? 0.0
                          : static_cast<double>(progress.calls) / static_cast<double>(plan_.calls);
  const double passed = plan_.duration == kForever
                            ? 0.0
                            : static_cast<double>(progress.passed.count()) /
                                  static_cast<double>(plan_.duration.count());
  return std::clamp(std::max(done, passed), 0.0, 1.0);
}

void ProgressLine::show(const LoadProgress& progress) {
  if (!changes_) {
    if (progress.warming_up || progress.passed < next_) return;
    next_ += kLines;
  }
  std::string text;
  if (progress.warming_up) {
    text = "warming up";
  } else {
    text = time_text(progress.passed) + "  " + count_text(progress.calls) + "  " +
           rate_text(progress.rate) + "/s  p99 " + latency_text(progress.p99);
    if (progress.errors != 0) {
      text += "  " + style_.paint(style_.red, count_text(progress.errors) + " errors");
    }
  }
  if (!changes_) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  const auto filled = static_cast<std::size_t>(share(progress) * static_cast<double>(kBar));
  std::string bar(filled, '#');
  bar.append(kBar - filled, '.');
  std::fprintf(stderr, "\r\x1b[K[%s] %s", style_.paint(style_.green, bar).c_str(), text.c_str());
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::clear() {
  if (!shown_) return;
  shown_ = false;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

}  // namespace weft::cli::bench
