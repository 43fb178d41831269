// Runs the fleet's scenarios: ./dev simulate fleet, or weft_fleet --help.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "weft/base/log.h"

#include "tests/fleet/scenarios.h"

namespace weft::fleet {
namespace {

struct Options {
  std::vector<std::string> names;
  std::uint64_t first = 1;
  std::uint64_t seeds = 1;
  bool full = false;
  std::string json;
};

void print(const Outcome& outcome, bool figures) {
  if (figures || !outcome.faults.empty()) {
    std::printf("%s, seed %llu\n", outcome.scenario.c_str(),
                static_cast<unsigned long long>(outcome.seed));
    for (const auto& [name, value] : outcome.figures) {
      std::printf("  %-48s %10.4g\n", name.c_str(), value);
    }
  }
  for (const std::string& fault : outcome.faults) std::printf("  FAULT: %s\n", fault.c_str());
}

nlohmann::ordered_json as_json(const Outcome& outcome) {
  nlohmann::ordered_json json;
  json["scenario"] = outcome.scenario;
  json["seed"] = outcome.seed;
  for (const auto& [name, value] : outcome.figures) json["figures"][name] = value;
  json["series"] = outcome.series;
  json["faults"] = outcome.faults;
  return json;
}

bool chosen(const Options& options, std::string_view name) {
  return options.names.empty() ||
         std::find(options.names.begin(), options.names.end(), name) != options.names.end();
}

/// How many runs had faults.
std::uint64_t run(const Options& options) {
  std::uint64_t faulty = 0;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Scenario& scenario : scenarios()) {
    if (!chosen(options, scenario.name)) continue;
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < options.seeds; ++i) {
      const Outcome outcome =
          scenario.run(options.first + i, options.full ? Size::Full : Size::Small);
      if (!outcome.faults.empty()) ++faulty;
      print(outcome, options.seeds == 1);
      if (!options.json.empty()) all.push_back(as_json(outcome));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::printf("%s: %llu seeds from %llu, %.1f s\n", std::string(scenario.name).c_str(),
                static_cast<unsigned long long>(options.seeds),
                static_cast<unsigned long long>(options.first), took.count());
    std::fflush(stdout);
  }
  if (!options.json.empty()) std::ofstream(options.json) << all.dump(1) << '\n';
  std::printf("%llu runs with faults\n", static_cast<unsigned long long>(faulty));
  return faulty;
}

}  // namespace
}  // namespace weft::fleet

int main(int count, char** arguments) {
  weft::set_log_level(weft::LogLevel::Error);
  weft::fleet::Options options;
  CLI::App app("A fleet of instances and clients in virtual time");
  app.add_option("scenario", options.names, "which; all unless told");
  app.add_option("--first", options.first, "the first seed")->capture_default_str();
  app.add_option("--seeds", options.seeds, "how many seeds")->capture_default_str();
  app.add_flag("--full", options.full, "50 instances, 200 clients");
  app.add_option("--json", options.json, "a file for figures and series");
  CLI11_PARSE(app, count, arguments);
  return weft::fleet::run(options) == 0 ? 0 : 1;
}
