#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "weft/coro/task.h"
#include "weft/rpc/service.h"

#include "src/proto/grpc/testing/messages.pb.h"
#include "xds/service/orca/v3/orca.weft.h"

/// A backend tells its load: with a call's trailers, or to whoever watches (gRFC A51).
namespace weft::interop {

/// The trailer that carries the serialised report of one call.
inline constexpr std::string_view kLoadReportTrailer = "endpoint-load-metrics-bin";

/// What the tests call a report, as the report it stands for.
xds::data::orca::v3::OrcaLoadReport load_report(const grpc::testing::TestOrcaReport& report);

/// What the server says of its load at present; for any thread.
class LoadReports {
 public:
  void set(const xds::data::orca::v3::OrcaLoadReport& report);
  xds::data::orca::v3::OrcaLoadReport get() const;

 private:
  mutable std::mutex mutex_;
  xds::data::orca::v3::OrcaLoadReport report_;
};

class LoadReportService final : public xds::service::orca::v3::OpenRcaServiceService {
 public:
  explicit LoadReportService(std::shared_ptr<LoadReports> reports) : reports_(std::move(reports)) {}
  Task<Status> StreamCoreMetrics(ServerContext& context,
                                 const xds::service::orca::v3::OrcaLoadReportRequest& request,
                                 Writer<xds::data::orca::v3::OrcaLoadReport>& writer) override;

 private:
  std::shared_ptr<LoadReports> reports_;
};

}  // namespace weft::interop
