#include "tools/weft/bench/report/figures.h"

#include <cmath>

#include "weft/base/text/number_text.h"

namespace weft::cli::bench {
namespace {

/// With so many decimals that three digits count: "1.25", "12.5", "125".
std::string three_digits(double value) {
  int decimals = 2;
  if (value >= 9.995) decimals = 1;
  if (value >= 99.95) decimals = 0;
  return number_text(value, decimals);
}

}  // namespace

std::string latency_text(Duration latency) {
  const auto value = static_cast<double>(latency.count());
  if (value < 1000) return std::to_string(latency.count()) + "ns";
  if (value < 999.5e3) return three_digits(value / 1e3) + "us";
  if (value < 999.5e6) return three_digits(value / 1e6) + "ms";
  return three_digits(value / 1e9) + "s";
}

std::string rate_text(double rate) {
  if (rate < 10'000) return three_digits(rate);
  if (rate < 999.5e3) return three_digits(rate / 1e3) + "k";
  return three_digits(rate / 1e6) + "M";
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string bytes_text(double bytes) {
  if (bytes < 1024 && bytes == std::floor(bytes)) {
    return std::to_string(static_cast<int>(bytes)) + " B";
  }
  if (bytes < 1024) return three_digits(bytes) + " B";
  if (bytes < 1024.0 * 1024) return three_digits(bytes / 1024) + " KiB";
  if (bytes < 1024.0 * 1024 * 1024) return three_digits(bytes / 1024 / 1024) + " MiB";
  return three_digits(bytes / 1024 / 1024 / 1024) + " GiB";
}

std::string time_text(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 60) return three_digits(seconds) + "s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  return std::to_string(whole / 60) + "m" + std::to_string(whole % 60) + "s";
}

}  // namespace weft::cli::bench
