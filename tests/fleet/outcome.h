#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::fleet {

/// What a run of a scenario came to.
struct Outcome {
  Outcome(std::string of, std::uint64_t from) : scenario(std::move(of)), seed(from) {}

  std::string scenario;
  std::uint64_t seed;
  /// In the order in which they are told.
  std::vector<std::pair<std::string, double>> figures;
  /// By second, for charts.
  std::map<std::string, std::vector<double>> series;
  /// What should not have been; empty: the run is good.
  std::vector<std::string> faults;

  void tell(std::string name, double value) { figures.emplace_back(std::move(name), value); }
  /// Tells `value` and has it lie within both bounds.
  void expect_within(const std::string& name, double value, double low, double high) {
    tell(name, value);
    if (value >= low && value <= high) return;
    faults.push_back(name + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
                     " to " + std::to_string(high));
  }
  void expect_at_most(const std::string& name, double value, double high) {
    tell(name, value);
    if (value <= high) return;
    faults.push_back(name + " is " + std::to_string(value) + ", expected at most " +
                     std::to_string(high));
  }
  void expect_at_least(const std::string& name, double value, double low) {
    tell(name, value);
    if (value >= low) return;
    faults.push_back(name + " is " + std::to_string(value) + ", expected at least " +
                     std::to_string(low));
  }
};

}  // namespace weft::fleet
