#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/text/number_text.h"
#include "weft/base/text/printable.h"

#include "tools/weft/bench/report/bench_report.h"
#include "tools/weft/bench/report/figures.h"

namespace weft::cli::bench {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string left_padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  return number_text(share, share < 10 ? 2 : 1) + "%";
}

/// Name and value, a row each.
class Rows {
 public:
  explicit Rows(const Style& style) : style_(style) {}
  void add(const std::string& name, const std::string& value) {
    out_ += "  " + style_.paint(style_.dim, padded(name, 11)) + " " + value + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  std::string out_;
};

std::string latency_lines(const Histogram& latency, const Style& style) {
  const std::array<std::pair<std::string, Duration>, 8> columns = {{
      {"min", latency.min()},
      {"mean", latency.mean()},
      {"p50", latency.percentile(50)},
      {"p90", latency.percentile(90)},
      {"p99", latency.percentile(99)},
      {"p99.9", latency.percentile(99.9)},
      {"p99.99", latency.percentile(99.99)},
      {"max", latency.max()},
  }};
  std::string names = "  " + padded("latency", 11);
  std::string values = "  " + padded("", 11);
  for (const auto& [name, value] : columns) {
    names += left_padded(name, 9);
    values += left_padded(latency_text(value), 9);
  }
  return style.paint(style.dim, names) + "\n" + values + "\n";
}

std::string status_lines(const MethodStats& total, const Style& style) {
  std::string out;
  for (std::size_t code = 1; code < kCodes; ++code) {
    if (total.codes[code] == 0) continue;
    out += "  " +
           style.paint(style.red, padded(std::string(name_of(static_cast<StatusCode>(code))), 20)) +
           left_padded(count_text(total.codes[code]), 12) + "  " + printable(total.samples[code]) +
           "\n";
  }
  return out;
}

std::string method_lines(const BenchReport& report, const Style& style) {
  std::size_t width = 0;
  for (const std::string& name : report.methods) width = std::max(width, name.size());
  std::string out =
      "\n  " +
      style.paint(style.dim, padded("method", width) + left_padded(report.noun(), 12) +
                                 left_padded("errors", 10) + left_padded("p50", 9) +
                                 left_padded("p99", 9) + left_padded("max", 9)) +
      "\n";
  for (std::size_t i = 0; i < report.methods.size(); ++i) {
    const MethodStats& stats = report.result.measured.methods[i];
    out += "  " + padded(report.methods[i], width) + left_padded(count_text(stats.calls()), 12) +
           left_padded(count_text(stats.failed.count()), 10) +
           left_padded(latency_text(stats.ok.percentile(50)), 9) +
           left_padded(latency_text(stats.ok.percentile(99)), 9) +
           left_padded(latency_text(stats.ok.max()), 9) + "\n";
  }
  return out;
}

std::string warning_lines(const BenchReport& report, const Style& style) {
  std::string out;
  for (const std::string& line : report.warnings()) {
    out += style.paint(style.yellow, "! " + line) + "\n";
  }
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string BenchReport::load_text() const {
  const auto counted = [](std::size_t count, const std::string& what) {
    return count_text(count) + " " + what + (count == 1 ? "" : "s");
  };
  std::string out =
      counted(plan.connections, "connection") + " x " + counted(plan.streams, "stream");
  if (flags.threads > 1) out += " on " + counted(flags.threads, "thread");
  if (plan.rate > 0) return out + ", " + rate_text(plan.rate) + " " + noun() + "/s due";
  return out + ", closed loop";
}

std::vector<std::string> BenchReport::warnings() const {
  const Measurement& measured = result.measured;
  std::vector<std::string> lines;
  if (result.interrupted) lines.emplace_back("interrupted: this is what was measured till then");
  if (measured.unfinished != 0) {
    lines.push_back(count_text(measured.unfinished) + " " + noun() +
                    " were still under way at the end; they are in no figure");
  }
  // What is due as the time ends is nobody's fault.
  if (static_cast<double>(measured.not_begun) > 1 + plan.rate / 1000) {
    lines.push_back("the server did not follow the rate: " + count_text(measured.not_begun) + " " +
                    noun() + " were due and never begun");
  }
  if (measured.dropped != 0) {
    lines.push_back("the backlog was full: " + count_text(measured.dropped) + " " + noun() +
                    " were dropped (--backlog)");
  }
  return lines;
}

std::string summary_text(const BenchReport& report, const Style& style) {
  const Measurement& measured = report.result.measured;
  const MethodStats total = measured.total();
  const std::uint64_t calls = total.calls();
  std::string out = style.paint(style.bold, report.methods.front());
  if (report.methods.size() > 1) {
    out += " and " + std::to_string(report.methods.size() - 1) + " more";
  }
  out += " at " + printable(report.flags.connection.address) + ": " + report.load_text() + "\n\n";
  Rows rows(style);
  std::string counts = count_text(calls) + " in " + time_text(measured.window) + ", " +
                       style.paint(style.bold, rate_text(measured.rate()) + "/s");
  rows.add(report.noun(), counts);
  if (calls == 0) return out + rows.take() + warning_lines(report, style);
  std::string outcome = style.paint(style.green, count_text(total.ok.count()));
  if (total.failed.count() != 0) {
    outcome +=
        ", errors " + style.paint(style.red, count_text(total.failed.count()) + " (" +
                                                 percent_text(total.failed.count(), calls) + ")");
  }
  rows.add("ok", outcome);
  const auto per_call = [&](std::uint64_t sum) {
    return static_cast<double>(sum) / static_cast<double>(calls);
  };
  const std::string noun = report.plan.message_streams ? "message" : "call";
  rows.add("bytes", bytes_text(per_call(total.bytes_sent)) + " out, " +
                        bytes_text(per_call(total.bytes_received)) + " in per " + noun);
  const double cpu = per_call(static_cast<std::uint64_t>(measured.cpu.count())) / 1000;
  rows.add("CPU", number_text(cpu, 2) + "us of this client per " + noun);
  if (report.plan.rate > 0) rows.add("backlog", "at most " + count_text(measured.largest_backlog));
  out += rows.take() + "\n";
  if (total.ok.count() != 0) out += latency_lines(total.ok, style);
  if (total.failed.count() != 0) {
    out +=
        "\n" + status_lines(total, style) + "  " +
        style.paint(style.dim, "their latency: p50 " + latency_text(total.failed.percentile(50)) +
                                   ", max " + latency_text(total.failed.max())) +
        "\n";
  }
  if (report.methods.size() > 1) out += method_lines(report, style);
  return out + warning_lines(report, style);
}

}  // namespace weft::cli::bench
