#include "tests/interop/load_reports.h"

#include <algorithm>
#include <chrono>

#include "weft/net/loop.h"

namespace weft::interop {

using xds::data::orca::v3::OrcaLoadReport;
using xds::service::orca::v3::OrcaLoadReportRequest;

OrcaLoadReport load_report(const grpc::testing::TestOrcaReport& report) {
  OrcaLoadReport result;
  result.set_cpu_utilization(report.cpu_utilization());
  result.set_mem_utilization(report.memory_utilization());
  *result.mutable_request_cost() = report.request_cost();
  *result.mutable_utilization() = report.utilization();
  return result;
}

void LoadReports::set(const OrcaLoadReport& report) {
  const std::lock_guard lock(mutex_);
  report_ = report;
}

OrcaLoadReport LoadReports::get() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

Task<Status> LoadReportService::StreamCoreMetrics(ServerContext&,
                                                  const OrcaLoadReportRequest& request,
                                                  Writer<OrcaLoadReport>& writer) {
  // Often enough for a test that waits for a change, seldom enough for a careless client.
  constexpr Duration kShortest = std::chrono::milliseconds(100);
  const Duration wanted = std::chrono::seconds(request.report_interval().seconds()) +
                          std::chrono::nanoseconds(request.report_interval().nanos());
  const Duration interval = std::max(wanted, kShortest);
  for (;;) {
    const OrcaLoadReport report = reports_->get();
    if (!co_await writer.write(report)) co_return writer.status();
    Status slept = co_await net::sleep(interval);
    if (!slept.ok()) co_return slept;
  }
}

}  // namespace weft::interop
