#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/cluster/balancers/balancer.h"

namespace weft {

/// The trailer by which a server says with a call how loaded it is (gRFC A51, per-query reports). A
/// handler that knows better than the load_report() middleware adds it itself:
///
///     context.trailers().add(weft::kLoadReportTrailer, weft::write_load_report({...}));
inline constexpr std::string_view kLoadReportTrailer = "endpoint-load-metrics-bin";

/// Of a serialised xds.data.orca.v3.OrcaLoadReport: double cpu_utilization = 1, rps_fractional = 6,
/// eps = 7, application_utilization = 9. Others are passed over, and values that are negative or
/// not finite count as not set. Nothing where the bytes are no such message.
std::optional<cluster::LoadReport> read_load_report(std::string_view bytes) noexcept;
/// Fields that are 0 are left out, as proto3 has it.
std::string write_load_report(const cluster::LoadReport& report);

}  // namespace weft
