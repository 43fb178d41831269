#pragma once

#include <cstdint>
#include <string>

#include "weft/base/time.h"

namespace weft::cli::bench {

/// Figures as people read them.

/// "850ns", "12.3us", "1.25ms", "2.50s": three digits that count.
std::string latency_text(Duration latency);
/// "12.3k", "1.05M"; three or four digits that count.
std::string rate_text(double rate);
/// "1,234,567".
std::string count_text(std::uint64_t count);
/// "64 B", "1.2 KiB".
std::string bytes_text(double bytes);
/// "10.0s", "2m30s".
std::string time_text(Duration time);

}  // namespace weft::cli::bench
