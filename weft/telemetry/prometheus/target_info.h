#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry {

/// The name of the gauge that set_target_info() adds.
inline constexpr std::string_view kTargetInfo = "target.info";

/// Adds the gauge `target_info`, always 1, whose labels say whose metrics these are:
/// OpenTelemetry's resource attributes ("service.name", "shop") in Prometheus. telemetry::start()
/// does so. Once for a registry: ALREADY_EXISTS where its labels have other names. Names
/// that are no labels, and those beyond kMaxLabels, are left out and logged; values that are empty
/// are left out.
Status set_target_info(const std::vector<std::pair<std::string, std::string>>& attributes,
                       Registry& to = registry());

}  // namespace weft::telemetry
