#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "weft/base/text/number_text.h"

#include "tools/weft/bench/report/bench_report.h"
#include "tools/weft/bench/report/figures.h"
#include "tools/weft/bench/report/svg_chart.h"

namespace weft::cli::bench {
namespace {

// Colours by role; the dark ones where the reader's system is dark.
constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #5b6675;
  --grid: #e6e9ee; --edge: #dde1e7; --blue: #2563eb; --green: #0e8a6d; --orange: #c2640a; --red: #d02f2f; }
@media (prefers-color-scheme: dark) {
  :root { --page: #10141b; --card: #181e28; --ink: #e5e9f0; --soft: #98a3b3; --grid: #29313e;
    --edge: #2a3240; --blue: #6aa5ff; --green: #45c9a5; --orange: #f0a04b; --red: #ff7a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 22px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0 0 8px; }
p { margin: 0; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin: 20px 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; margin-bottom: 16px; }
.tile, .card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.bad b { color: var(--red); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.x { text-anchor: middle; } .y { text-anchor: end; }
.grid { stroke: var(--grid); } .tick { stroke: var(--edge); } .mark { stroke: var(--soft); stroke-dasharray: 3 3; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .area { opacity: .16; } .note { fill: transparent; }
.note:hover { fill: var(--soft); fill-opacity: .12; }
.line.rate { stroke: var(--blue); } .area.rate, .bar.ok { fill: var(--blue); } .bar.errors { fill: var(--red); }
.line.p50 { stroke: var(--green); } .line.p99 { stroke: var(--orange); } .line.all { stroke: var(--blue); }
.area.all { fill: var(--blue); }
.key { font-size: 13px; color: var(--soft); margin-left: 12px; font-weight: 400; white-space: nowrap; }
.key i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 5px; vertical-align: middle; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: right; color: var(--soft); font-weight: 500; font-size: 13px; }
td { text-align: right; } th, td { padding: 4px 8px; border-bottom: 1px solid var(--grid); }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child, .text { text-align: left; overflow-wrap: anywhere; }
.warn { border-left: 4px solid var(--orange); margin-bottom: 16px; }
.warn p { color: var(--ink); }
)";

/// "10.0ms" as "10ms": what stands at an axis is round.
std::string without_zeros(std::string text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string::npos) return text;
  const std::size_t unit = text.find_first_not_of("0123456789", dot + 1);
  std::size_t end = std::min(unit, text.size());
  const std::size_t rest = end;
  while (text[end - 1] == '0') --end;
  if (end - 1 == dot) --end;
  return text.erase(end, rest - end);
}

std::string latency_label(double nanoseconds) {
  return without_zeros(latency_text(Duration(static_cast<std::int64_t>(nanoseconds))));
}
std::string time_label(double seconds) {
  return without_zeros(time_text(Duration(static_cast<std::int64_t>(seconds * 1e9))));
}
std::string rate_label(double rate) { return without_zeros(rate_text(rate)); }

double as_double(Duration duration) { return static_cast<double>(duration.count()); }

std::string tile(const std::string& value, const std::string& name, bool bad = false) {
  return std::string("<div class=\"tile") + (bad ? " bad" : "") + "\"><b>" + html_escaped(value) +
         "</b><span>" + html_escaped(name) + "</span></div>\n";
}

std::string key(const std::string& colour, const std::string& name) {
  return "<span class=\"key\"><i style=\"background: var(--" + colour + ")\"></i>" + name +
         "</span>";
}

std::string card(const std::string& title, const std::string& content) {
  return "<section class=\"card\"><h2>" + title + "</h2>\n" + content + "</section>\n";
}

/// Latencies over how many calls were faster, stretched towards the slowest: a step to the right
/// is a tenth of those that are left.
std::string percentile_chart(const Histogram& latency) {
  struct Mark {
    double percent;
    const char* label;
  };
  constexpr std::array<Mark, 9> kMarks = {{{0, "0"},
                                           {50, "p50"},
                                           {90, "p90"},
                                           {99, "p99"},
                                           {99.9, "p99.9"},
                                           {99.99, "p99.99"},
                                           {99.999, "p99.999"},
                                           {99.9999, "p99.9999"},
                                           {99.99999, "p99.99999"}}};
  const auto place = [](double percent) { return -std::log10(1 - percent / 100); };
  const auto calls = static_cast<double>(latency.count());
  const double end = std::max(std::log10(std::max(calls, 2.0)), 1.0);
  std::vector<ChartAxis::Tick> ticks;
  for (const Mark& mark : kMarks) {
    if (place(mark.percent) <= end) ticks.push_back({place(mark.percent), mark.label});
  }
  SvgChart chart("latency by percentile", ChartAxis::with_ticks(0, end, std::move(ticks)),
                 ChartAxis::logarithmic(std::max(as_double(latency.min()), 1.0),
                                        as_double(latency.max()), &latency_label));
  constexpr int kSteps = 240;
  std::vector<SvgChart::Point> points;
  for (int i = 0; i <= kSteps; ++i) {
    const double at = end * i / kSteps;
    const double percent = 100 * (1 - std::pow(10, -at));
    points.emplace_back(at, as_double(latency.percentile(percent)));
  }
  chart.add_area("all", points);
  chart.add_line("all", points);
  for (int i = 0; i < kSteps; i += 4) {
    const double from = end * i / kSteps;
    const double to = end * (i + 4) / kSteps;
    const double percent = 100 * (1 - std::pow(10, -to));
    const std::string share = number_text(percent, percent < 99 ? 1 : 4) + "% within ";
    chart.add_note(from, to, share + latency_text(latency.percentile(percent)));
  }
  return chart.finish();
}

/// How many calls took how long.
std::string histogram_chart(const Histogram& latency) {
  constexpr std::size_t kBars = 72;
  // The slowest thousandth would press the rest together; the percentiles show it.
  const double low = std::max(as_double(latency.min()), 1.0) * 0.98;
  const double high = std::max(as_double(latency.percentile(99.9)) * 1.02, low * 1.2);
  const double factor = std::pow(high / low, 1.0 / static_cast<double>(kBars));
  std::array<double, kBars> counts{};
  std::uint64_t beyond = 0;
  latency.for_each([&](std::uint64_t from, std::uint64_t to, std::uint64_t count) {
    // A bucket may be wider than a bar: it is spread over those that it covers.
    const double begin = std::max(static_cast<double>(from), low);
    const double end = static_cast<double>(to) + 1;
    if (begin >= high) {
      beyond += count;
      return;
    }
    for (std::size_t i = 0; i < kBars; ++i) {
      const double bar = low * std::pow(factor, static_cast<double>(i));
      const double overlap = std::min(end, bar * factor) - std::max(begin, bar);
      if (overlap > 0) counts[i] += static_cast<double>(count) * overlap / (end - begin);
    }
  });
  const double most = *std::max_element(counts.begin(), counts.end());
  SvgChart chart("number of calls by latency",
                 ChartAxis::logarithmic(low * 1.1, high / 1.1, &latency_label),
                 ChartAxis::linear(most, &rate_label));
  for (std::size_t i = 0; i < kBars; ++i) {
    const double from = low * std::pow(factor, static_cast<double>(i));
    if (counts[i] > 0) chart.add_bar("ok", from, from * factor, counts[i]);
    chart.add_note(from, from * factor,
                   latency_label(from) + " to " + latency_label(from * factor) + ": " +
                       count_text(static_cast<std::uint64_t>(std::llround(counts[i]))));
  }
  chart.add_mark(as_double(latency.percentile(50)), "p50");
  chart.add_mark(as_double(latency.percentile(99)), "p99");
  std::string out = chart.finish();
  if (beyond != 0) {
    out += "<p>" + count_text(beyond) + " more took up to " + latency_text(latency.max()) + "</p>";
  }
  return out;
}

/// A point of the time line as it is drawn.
struct Moment {
  double from = 0;  // seconds
  double to = 0;
  double ok = 0;  // per second
  double errors = 0;
  Duration p50{};
  Duration p99{};
  bool any = false;

  double middle() const { return (from + to) / 2; }
};

std::vector<Moment> moments_of(const BenchReport& report) {
  const TimeLine& line = report.result.time_line;
  const double length = std::chrono::duration<double>(line.interval()).count();
  const double window = std::chrono::duration<double>(report.result.measured.window).count();
  std::vector<Moment> moments;
  for (std::size_t i = 0; i < line.intervals().size(); ++i) {
    const Interval& interval = line.intervals()[i];
    Moment moment;
    moment.from = length * static_cast<double>(i);
    moment.to = std::min(moment.from + length, window);
    const double passed = moment.to - moment.from;
    // What is left of the last one is too short to tell a rate.
    if (passed < length / 4 && i != 0) continue;
    Histogram latency;
    latency.add(interval.ok);
    moment.ok = static_cast<double>(latency.count()) / std::max(passed, 1e-9);
    moment.errors = static_cast<double>(interval.errors) / std::max(passed, 1e-9);
    moment.any = latency.count() != 0;
    moment.p50 = latency.percentile(50);
    moment.p99 = latency.percentile(99);
    moments.push_back(moment);
  }
  return moments;
}

void add_notes(SvgChart& chart, const std::vector<Moment>& moments) {
  for (const Moment& moment : moments) {
    std::string text = time_label(moment.from) + ": " + rate_text(moment.ok) + "/s";
    if (moment.any) {
      text += ", p50 " + latency_text(moment.p50) + ", p99 " + latency_text(moment.p99);
    }
    if (moment.errors > 0) text += ", errors " + rate_text(moment.errors) + "/s";
    chart.add_note(moment.from, moment.to, text);
  }
}

double length_of(const std::vector<Moment>& moments) {
  return moments.empty() ? 1 : moments.back().to;
}

std::string rate_chart(const std::vector<Moment>& moments) {
  double most = 0;
  for (const Moment& moment : moments) most = std::max({most, moment.ok, moment.errors});
  SvgChart chart("calls per second over time",
                 ChartAxis::linear_exact(length_of(moments), &time_label),
                 ChartAxis::linear(most * 1.05, &rate_label));
  std::vector<SvgChart::Point> points;
  for (const Moment& moment : moments) points.emplace_back(moment.middle(), moment.ok);
  chart.add_area("rate", points);
  chart.add_line("rate", points);
  for (const Moment& moment : moments) {
    if (moment.errors > 0) chart.add_bar("errors", moment.from, moment.to, moment.errors);
  }
  add_notes(chart, moments);
  return chart.finish();
}

std::string latency_chart(const std::vector<Moment>& moments) {
  Duration least = kForever;
  Duration most{};
  std::vector<SvgChart::Point> p50;
  std::vector<SvgChart::Point> p99;
  for (const Moment& moment : moments) {
    if (!moment.any) continue;
    least = std::min(least, moment.p50);
    most = std::max(most, moment.p99);
    p50.emplace_back(moment.middle(), as_double(moment.p50));
    p99.emplace_back(moment.middle(), as_double(moment.p99));
  }
  if (p50.empty()) return "<p>no call ended with OK</p>";
  SvgChart chart(
      "latency over time", ChartAxis::linear_exact(length_of(moments), &time_label),
      ChartAxis::logarithmic(std::max(as_double(least), 1.0), as_double(most), &latency_label));
  chart.add_line("p99", p99);
  chart.add_line("p50", p50);
  add_notes(chart, moments);
  return chart.finish();
}

std::string row(const std::vector<std::string>& cells, const std::string& tag,
                std::size_t text_column = SIZE_MAX) {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += "<" + tag + (i == text_column ? " class=\"text\">" : ">") + html_escaped(cells[i]) +
           "</" + tag + ">";
  }
  return out + "</tr>\n";
}

std::string percentile_table(const Histogram& latency) {
  std::string out = "<table>" + row({"", "latency"}, "th");
  out += row({"fastest", latency_text(latency.min())}, "td");
  out += row({"mean", latency_text(latency.mean())}, "td");
  for (const auto& [name, percent] :
       std::array<std::pair<const char*, double>, 7>{{{"p50", 50},
                                                      {"p75", 75},
                                                      {"p90", 90},
                                                      {"p95", 95},
                                                      {"p99", 99},
                                                      {"p99.9", 99.9},
                                                      {"p99.99", 99.99}}}) {
    out += row({name, latency_text(latency.percentile(percent))}, "td");
  }
  out += row({"slowest", latency_text(latency.max())}, "td");
  return out + "</table>\n";
}

std::string status_table(const MethodStats& total, const std::string& noun) {
  std::string out = "<table>" + row({"status", noun, "message of the first"}, "th", 2);
  for (std::size_t code = 0; code < kCodes; ++code) {
    if (total.codes[code] == 0) continue;
    out += row({std::string(name_of(static_cast<StatusCode>(code))), count_text(total.codes[code]),
                total.samples[code]},
               "td", 2);
  }
  return out + "</table>\n";
}

std::string method_table(const BenchReport& report) {
  std::string out =
      "<table>" + row({"method", report.noun(), "errors", "p50", "p99", "slowest"}, "th");
  for (std::size_t i = 0; i < report.methods.size(); ++i) {
    const MethodStats& stats = report.result.measured.methods[i];
    out += row({report.methods[i], count_text(stats.calls()), count_text(stats.failed.count()),
                latency_text(stats.ok.percentile(50)), latency_text(stats.ok.percentile(99)),
                latency_text(stats.ok.max())},
               "td");
  }
  return out + "</table>\n";
}

std::string tiles(const BenchReport& report, const MethodStats& total) {
  const Measurement& measured = report.result.measured;
  const auto calls = static_cast<double>(std::max<std::uint64_t>(total.calls(), 1));
  const std::string cpu = number_text(as_double(measured.cpu) / calls / 1000, 2) + "us";
  std::string out = "<div class=\"tiles\">\n";
  out += tile(rate_text(measured.rate()), report.noun() + " per second");
  out += tile(count_text(total.calls()), report.noun() + " in " + time_text(measured.window));
  out += tile(latency_text(total.ok.percentile(50)), "p50");
  out += tile(latency_text(total.ok.percentile(99)), "p99");
  out += tile(latency_text(total.ok.max()), "slowest");
  out += tile(count_text(total.failed.count()), "errors", total.failed.count() != 0);
  out += tile(cpu, "client CPU each");
  return out + "</div>\n";
}

}  // namespace

std::string html_report(const BenchReport& report) {
  const MethodStats total = report.result.measured.total();
  const std::vector<Moment> moments = moments_of(report);
  std::string title = report.methods.front();
  if (report.methods.size() > 1) {
    title += " and " + std::to_string(report.methods.size() - 1) + " more";
  }
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         html_escaped(title) + "</title>\n<style>" + kStyle + "</style></head>\n<body><main>\n";
  out += "<h1>" + html_escaped(title) + "</h1>\n<p>" +
         html_escaped(report.flags.connection.address) + " · " + html_escaped(report.load_text()) +
         "</p>\n" + tiles(report, total);
  for (const std::string& warning : report.warnings()) {
    out += "<div class=\"card warn\"><p>" + html_escaped(warning) + "</p></div>\n";
  }
  out += "<div class=\"cards\">\n";
  if (total.ok.count() != 0) {
    out += card("Latency by percentile", percentile_chart(total.ok));
    out += card("Distribution", histogram_chart(total.ok));
  }
  if (!moments.empty()) {
    const std::string errors = total.failed.count() == 0 ? "" : key("red", "errors");
    out += card("Per second" + key("blue", "OK") + errors, rate_chart(moments));
    out += card("Latency over time" + key("green", "p50") + key("orange", "p99"),
                latency_chart(moments));
  }
  if (total.ok.count() != 0) out += card("Latency", percentile_table(total.ok));
  if (total.calls() != 0) out += card("Outcome", status_table(total, report.noun()));
  if (report.methods.size() > 1) out += card("Methods", method_table(report));
  return out + "</div>\n</main></body></html>\n";
}

}  // namespace weft::cli::bench
