#include "weft/telemetry/metrics/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "weft/base/text/number_text.h"

namespace weft::telemetry {
namespace {

constexpr double kLatency[] = {
    0,   .00001, .00005, .0001, .0003, .0006, .0008, .001, .002, .003, .004, .005, .006, .008,
    .01, .013,   .016,   .02,   .025,  .03,   .04,   .05,  .065, .08,  .1,   .13,  .16,  .2,
    .25, .3,     .4,     .5,    .65,   .8,    1,     2,    5,    10,   20,   50,   100};
constexpr double kSize[] = {0,        1024,      2048,       4096,      16384,
                            65536,    262144,    1048576,    4194304,   16777216,
                            67108864, 268435456, 1073741824, 4294967296};
constexpr double kCount[] = {0,   1,   2,    4,    8,    16,   32,    64,    128,
                             256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
constexpr double kCoarseLatency[] = {.0001, .001, .003, .01, .03, .1, .3, 1, 3, 10, 30, 100};
constexpr double kCoarseSize[] = {1024, 16384, 262144, 4194304, 67108864, 4294967296};

}  // namespace

Result<Bounds> Bounds::make(std::span<const double> bounds) {
  if (bounds.size() > kMost) {
    return invalid_argument("a histogram has at most " + std::to_string(kMost) + " bounds, not " +
                            std::to_string(bounds.size()));
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i])) {
      return invalid_argument("bound " + std::to_string(i) + " of a histogram is not finite");
    }
    if (i != 0 && bounds[i] <= bounds[i - 1]) {
      return invalid_argument("bounds of a histogram increase; bound " + std::to_string(i) +
                              " is " + number_text(bounds[i]) + " after " +
                              number_text(bounds[i - 1]));
    }
  }
  Bounds made;
  made.bounds_.assign(bounds.begin(), bounds.end());
  made.bounds_.push_back(std::numeric_limits<double>::infinity());
  const auto positive = std::ranges::find_if(bounds, [](double bound) { return bound > 0; });
  if (positive == bounds.end()) {
    made.first_ = {0};
    return made;
  }
  // The first cell has all that is less, too; the last all that is more.
  made.base_ = key_of(*positive);
  made.last_ = key_of(bounds.back()) - made.base_;
  made.first_.resize(static_cast<std::size_t>(made.last_) + 1, 0);
  for (std::int64_t cell = 1; cell <= made.last_; ++cell) {
    const auto least =
        __builtin_bit_cast(double, static_cast<std::uint64_t>(made.base_ + cell) << 50);
    made.first_[static_cast<std::size_t>(cell)] = static_cast<std::uint16_t>(
        std::ranges::lower_bound(made.bounds_, least) - made.bounds_.begin());
  }
  return made;
}

std::span<const double> latency_bounds() noexcept { return kLatency; }
std::span<const double> size_bounds() noexcept { return kSize; }
std::span<const double> count_bounds() noexcept { return kCount; }
std::span<const double> coarse_latency_bounds() noexcept { return kCoarseLatency; }
std::span<const double> coarse_size_bounds() noexcept { return kCoarseSize; }

}  // namespace weft::telemetry
