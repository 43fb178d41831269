#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/fleet/outcome.h"

namespace weft::fleet {

enum class Size : std::uint8_t {
  Small,  ///< tens of milliseconds of real time: for many seeds
  Full,   ///< 50 instances and 200 clients, for the charts
};

struct Scenario {
  std::string_view name;
  std::string_view what;
  Outcome (*run)(std::uint64_t seed, Size size);
};

/// All of them.
std::span<const Scenario> scenarios();

Outcome rolling_deploy(std::uint64_t seed, Size size);
Outcome dead_instance(std::uint64_t seed, Size size);
Outcome grey_instance(std::uint64_t seed, Size size);
Outcome uneven_instances(std::uint64_t seed, Size size);
Outcome overload(std::uint64_t seed, Size size);
Outcome hash_ring(std::uint64_t seed, Size size);
Outcome chaos(std::uint64_t seed, Size size);

}  // namespace weft::fleet
