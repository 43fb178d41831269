#include "weft/rpc/grpc/load_report.h"

#include <cmath>

#include "weft/rpc/grpc/protobuf_fields.h"

namespace weft {
namespace {

// Field numbers of OrcaLoadReport.
constexpr std::uint32_t kCpuUtilization = 1;
constexpr std::uint32_t kRpsFractional = 6;
constexpr std::uint32_t kEps = 7;
constexpr std::uint32_t kApplicationUtilization = 9;

double* member_of(cluster::LoadReport& report, std::uint64_t field) noexcept {
  switch (field) {
    case kCpuUtilization:
      return &report.cpu_utilization;
    case kRpsFractional:
      return &report.rps_fractional;
    case kEps:
      return &report.eps;
    case kApplicationUtilization:
      return &report.application_utilization;
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<cluster::LoadReport> read_load_report(std::string_view bytes) noexcept {
  cluster::LoadReport report;
  rpc::Field field;
  for (rpc::FieldReader reader(bytes); !reader.at_end();) {
    if (!reader.next(field)) return std::nullopt;
    double* member = member_of(report, field.number);
    if (member == nullptr || field.wire != rpc::Wire::Fixed64) continue;
    const double value = rpc::double_of(field);
    *member = std::isfinite(value) && value > 0 ? value : 0;
  }
  return report;
}

std::string write_load_report(const cluster::LoadReport& report) {
  std::string bytes;
  const auto write = [&bytes](std::uint32_t field, double value) {
    if (value != 0) rpc::write_double(field, value, bytes);
  };
  write(kCpuUtilization, report.cpu_utilization);
  write(kRpsFractional, report.rps_fractional);
  write(kEps, report.eps);
  write(kApplicationUtilization, report.application_utilization);
  return bytes;
}

}  // namespace weft
