#include <utility>

#include "tools/weft/bench/report/bench_report.h"
#include "tools/weft/json/json_members.h"

namespace weft::cli::bench {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}
std::int64_t whole(std::uint64_t count) { return static_cast<std::int64_t>(count); }

std::string latency_json(const Histogram& latency) {
  JsonMembers json;
  json.add("count", whole(latency.count()));
  json.add_number("min", microseconds(latency.min()));
  json.add_number("mean", microseconds(latency.mean()));
  const std::pair<const char*, double> kPercentiles[] = {
      {"p50", 50}, {"p75", 75},     {"p90", 90},      {"p95", 95},
      {"p99", 99}, {"p99_9", 99.9}, {"p99_99", 99.99}};
  for (const auto& [name, percent] : kPercentiles) {
    json.add_number(name, microseconds(latency.percentile(percent)));
  }
  json.add_number("max", microseconds(latency.max()));
  return json.object();
}

std::string histogram_json(const Histogram& latency) {
  std::vector<std::string> buckets;
  latency.for_each([&](std::uint64_t, std::uint64_t high, std::uint64_t count) {
    JsonMembers bucket;
    bucket.add_number("up_to_us", static_cast<double>(high) / 1000);
    bucket.add("count", whole(count));
    buckets.push_back(bucket.object());
  });
  return json_array(buckets);
}

std::string statuses_json(const MethodStats& stats) {
  JsonMembers json;
  for (std::size_t code = 0; code < kCodes; ++code) {
    if (stats.codes[code] == 0) continue;
    JsonMembers entry;
    entry.add("count", whole(stats.codes[code]));
    if (code != 0) entry.add("sample", stats.samples[code]);
    json.add_json(name_of(static_cast<StatusCode>(code)), entry.object());
  }
  return json.object();
}

JsonMembers stats_json(const MethodStats& stats) {
  JsonMembers json;
  json.add("count", whole(stats.calls()));
  json.add("ok", whole(stats.ok.count()));
  json.add("errors", whole(stats.failed.count()));
  json.add_json("statuses", statuses_json(stats));
  json.add("bytes_sent", whole(stats.bytes_sent));
  json.add("bytes_received", whole(stats.bytes_received));
  json.add_json("latency_us", latency_json(stats.ok));
  if (stats.failed.count() != 0) json.add_json("error_latency_us", latency_json(stats.failed));
  return json;
}

std::string load_json(const BenchReport& report) {
  const LoadPlan& plan = report.plan;
  JsonMembers json;
  json.add("loop", plan.rate > 0 ? "open" : "closed");
  json.add("unit", plan.message_streams ? "message" : "call");
  json.add("connections", whole(plan.connections));
  json.add("streams", whole(plan.streams));
  json.add("threads", whole(report.flags.threads));
  if (plan.rate > 0) json.add_number("rate", plan.rate);
  json.add_number("warmup_s", seconds(plan.warmup));
  return json.object();
}

std::string time_line_json(const TimeLine& line) {
  std::vector<std::string> points;
  for (std::size_t i = 0; i < line.intervals().size(); ++i) {
    const Interval& interval = line.intervals()[i];
    Histogram latency;
    latency.add(interval.ok);
    JsonMembers point;
    point.add_number("at_s", seconds(line.interval()) * static_cast<double>(i));
    point.add("ok", whole(latency.count()));
    point.add("errors", whole(interval.errors));
    if (latency.count() != 0) {
      point.add_number("p50_us", microseconds(latency.percentile(50)));
      point.add_number("p99_us", microseconds(latency.percentile(99)));
      point.add_number("max_us", microseconds(latency.max()));
    }
    points.push_back(point.object());
  }
  JsonMembers json;
  json.add_number("interval_s", seconds(line.interval()));
  json.add_json("points", json_array(points));
  return json.object();
}

}  // namespace

std::string json_report(const BenchReport& report) {
  const Measurement& measured = report.result.measured;
  const MethodStats total = measured.total();
  JsonMembers json;
  json.add("address", report.flags.connection.address);
  json.add_json("load", load_json(report));
  json.add_number("duration_s", seconds(measured.window));
  json.add_number("per_second", measured.rate());
  json.add("within_duration", whole(measured.within));
  json.append(stats_json(total));
  const double calls = static_cast<double>(total.calls());
  if (calls > 0) json.add_number("client_cpu_us", microseconds(measured.cpu) / calls);
  json.add("unfinished", whole(measured.unfinished));
  if (report.plan.rate > 0) {
    json.add("not_begun", whole(measured.not_begun));
    json.add("dropped", whole(measured.dropped));
    json.add("largest_backlog", whole(measured.largest_backlog));
  }
  json.add_bool("interrupted", report.result.interrupted);
  std::vector<std::string> methods;
  for (std::size_t i = 0; i < report.methods.size(); ++i) {
    JsonMembers method;
    method.add("method", report.methods[i]);
    method.append(stats_json(measured.methods[i]));
    methods.push_back(method.object());
  }
  json.add_json("methods", json_array(methods));
  json.add_json("histogram", histogram_json(total.ok));
  json.add_json("time_line", time_line_json(report.result.time_line));
  return json.object();
}

}  // namespace weft::cli::bench
