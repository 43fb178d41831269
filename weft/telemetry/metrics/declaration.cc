#include "weft/telemetry/metrics/declaration.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/base/text/utf8.h"
#include "weft/telemetry/metrics/bounds.h"

namespace weft::telemetry {
namespace {

constexpr std::size_t kMaxName = 255;

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxName && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_';
         });
}

std::string shown(std::string_view text) { return "'" + printable(cut_text(text, 64)) + "'"; }

Status bad_name(std::string_view what, std::string_view name) {
  return invalid_argument(std::string(what) + " " + shown(name) +
                          " is not valid: letters, digits, dots and underscores, 1 to 255, "
                          "beginning with a letter");
}

/// What Prometheus and OpenMetrics use themselves.
bool is_reserved(std::string_view prometheus) noexcept {
  return prometheus == "le" || prometheus == "quantile" || prometheus == "otel_metric_overflow";
}

Status validate_labels(const Declaration& declaration) {
  const std::string of = "metric " + shown(declaration.name) + ": ";
  if (declaration.labels.size() > kMaxLabels) {
    return invalid_argument(of + std::to_string(declaration.labels.size()) +
                            " labels are more than the limit of " + std::to_string(kMaxLabels));
  }
  for (std::size_t i = 0; i < declaration.labels.size(); ++i) {
    const std::string_view label = declaration.labels[i];
    if (!is_name(label)) return bad_name(of + "label", label);
    const std::string prometheus = prometheus_label(label);
    if (is_reserved(prometheus)) {
      return invalid_argument(of + "label " + shown(label) + " is reserved");
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (prometheus_label(declaration.labels[other]) != prometheus) continue;
      return invalid_argument(of + "labels " + shown(declaration.labels[other]) + " and " +
                              shown(label) + " are one to Prometheus");
    }
  }
  return {};
}

/// What follows the name in Prometheus, by UCUM's unit.
constexpr std::pair<std::string_view, std::string_view> kUnits[] = {{"s", "seconds"},
                                                                    {"ms", "milliseconds"},
                                                                    {"us", "microseconds"},
                                                                    {"ns", "nanoseconds"},
                                                                    {"min", "minutes"},
                                                                    {"h", "hours"},
                                                                    {"d", "days"},
                                                                    {"By", "bytes"},
                                                                    {"KiBy", "kibibytes"},
                                                                    {"MiBy", "mebibytes"},
                                                                    {"By/s", "bytes_per_second"},
                                                                    {"Cel", "celsius"},
                                                                    {"Hz", "hertz"},
                                                                    {"V", "volts"},
                                                                    {"A", "amperes"},
                                                                    {"J", "joules"},
                                                                    {"W", "watts"},
                                                                    {"g", "grams"},
                                                                    {"m", "meters"},
                                                                    {"%", "percent"}};

std::string with_underscores(std::string_view name) {
  std::string made(name);
  std::ranges::replace(made, '.', '_');
  return made;
}

}  // namespace

std::string_view name_of(MetricKind kind) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"counter", "up-down counter", "gauge",
                                                      "histogram"};
  return kNames[static_cast<std::size_t>(kind)];
}

Status validate(const Declaration& declaration) {
  if (!is_name(declaration.name)) return bad_name("the metric's name", declaration.name);
  const std::string of = "metric " + shown(declaration.name) + ": ";
  const bool is_unit =
      declaration.unit.size() <= 63 &&
      std::ranges::all_of(declaration.unit, [](char c) { return c > ' ' && c < 127; });
  if (!is_unit)
    return invalid_argument(of + "the unit " + shown(declaration.unit) + " is not ASCII");
  Status labels = validate_labels(declaration);
  if (!labels.ok()) return labels;
  if (declaration.max_series == 0) return invalid_argument(of + "max_series is 0");
  if (declaration.kind == MetricKind::Histogram) {
    return Bounds::make(declaration.bounds)
        .status()
        .with_prefix("metric " + shown(declaration.name));
  }
  if (declaration.bounds.empty()) return {};
  return invalid_argument(of + "a " + std::string(name_of(declaration.kind)) + " has no bounds");
}

std::string_view prometheus_unit(const Declaration& declaration) noexcept {
  if (declaration.unit == "1") {
    return declaration.kind == MetricKind::Gauge ? std::string_view("ratio") : std::string_view();
  }
  const auto* const found = std::ranges::find(
      kUnits, declaration.unit, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kUnits) ? std::string_view() : found->second;
}

std::string prometheus_name(const Declaration& declaration) {
  std::string name = with_underscores(declaration.name);
  if (declaration.kind == MetricKind::Counter && name.ends_with("_total")) {
    name.resize(name.size() - std::string_view("_total").size());
  }
  const std::string_view unit = prometheus_unit(declaration);
  if (!unit.empty() && !name.ends_with(std::string("_").append(unit)))
    name.append("_").append(unit);
  return name;
}

std::string prometheus_label(std::string_view label) { return with_underscores(label); }

std::string valid_text(std::string_view text, std::size_t limit) {
  return std::string(utf8_prefix(to_utf8(utf8_prefix(text, limit)), limit));
}

}  // namespace weft::telemetry
