#pragma once

#include <cstdint>
#include <string_view>

namespace weft::telemetry {

/// A format in which metrics are scraped.
enum class TextFormat : std::uint8_t {
  Prometheus,   ///< text 0.0.4
  OpenMetrics,  ///< OpenMetrics 1.0: units, exemplars, and an end that can be recognised
};

/// The format that an Accept field (RFC 9110 section 12.5.1) prefers; an empty one, and one that
/// accepts neither, gets text 0.0.4, as every scraper reads that. Of two that are accepted alike it
/// is the one that the field names more exactly, then OpenMetrics.
TextFormat choose_format(std::string_view accept) noexcept;

/// The content type of a format's responses.
std::string_view content_type_of(TextFormat format) noexcept;

}  // namespace weft::telemetry
