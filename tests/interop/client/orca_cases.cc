#include <array>
#include <chrono>
#include <string>

#include <google/protobuf/util/message_differencer.h>

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"
#include "tests/interop/load_reports.h"

/// gRPC's description has a balancer look at the reports. weft has no balancer yet, so these look
/// at what one would be given: the trailer, and the stream beside the calls.
namespace weft::interop {
namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using grpc::testing::TestOrcaReport;
using xds::data::orca::v3::OrcaLoadReport;
using xds::service::orca::v3::OpenRcaServiceClient;
using xds::service::orca::v3::OrcaLoadReportRequest;

bool same(const OrcaLoadReport& a, const OrcaLoadReport& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

TestOrcaReport make_report(double cpu, double memory, double used) {
  TestOrcaReport report;
  report.set_cpu_utilization(cpu);
  report.set_memory_utilization(memory);
  (*report.mutable_utilization())["util"] = used;
  return report;
}

Task<Status> orca_per_rpc(Session& session) {
  SimpleRequest request;
  *request.mutable_orca_per_query_report() = make_report(0.8210, 0.5847, 0.30499);
  (*request.mutable_orca_per_query_report()->mutable_request_cost())["cost"] = 3456.32;
  Metadata trailers;
  const Result<SimpleResponse> response =
      co_await session.client().UnaryCall(request, {.trailers = &trailers});
  if (!response.ok()) co_return response.status();
  const std::string_view sent = trailers.get(kLoadReportTrailer).value_or("");
  OrcaLoadReport report;
  const OrcaLoadReport expected = load_report(request.orca_per_query_report());
  if (report.ParseFromArray(sent.data(), static_cast<int>(sent.size())) && same(expected, report)) {
    co_return ok_status();
  }
  co_return expect_text(kLoadReportTrailer, expected.ShortDebugString(), report.ShortDebugString());
}

using DuplexCall = ClientReaderWriter<StreamingOutputCallRequest, StreamingOutputCallResponse>;

/// Has the server report this, and returns when it says that it does.
Task<Status> set_report(DuplexCall& stream, const TestOrcaReport& report) {
  StreamingOutputCallRequest request;
  *request.mutable_orca_oob_report() = report;
  request.add_response_parameters()->set_size(1);
  const bool sent = co_await stream.write(request);
  const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
  if (sent && response) co_return ok_status();
  Status status = co_await stream.finish();
  co_return first_failure(std::move(status), failed_precondition("the stream ended too early"));
}

/// Reads reports until the expected one comes.
Task<Status> await_report(ClientReader<OrcaLoadReport>& reports, const TestOrcaReport& wanted) {
  const OrcaLoadReport expected = load_report(wanted);
  OrcaLoadReport report;
  while (co_await reports.read(report)) {
    if (same(expected, report)) co_return ok_status();
  }
  Status status = co_await reports.finish();
  co_return first_failure(expect_text("last report", expected.ShortDebugString(),
                                      report.ShortDebugString() + ", then " + status.to_string()),
                          std::move(status));
}

Task<Status> orca_oob(Session& session) {
  const OpenRcaServiceClient load(session.channel());
  OrcaLoadReportRequest every;
  every.mutable_report_interval()->set_nanos(100'000'000);
  auto reports = co_await load.StreamCoreMetrics(every, {.timeout = std::chrono::seconds(20)});
  auto stream = co_await session.client().FullDuplexCall();
  const std::array wanted{make_report(0.8210, 0.5847, 0.30499),
                          make_report(0.29309, 0.2, 100.2039)};
  for (const TestOrcaReport& report : wanted) {
    Status status = co_await set_report(stream, report);
    if (status.ok()) status = co_await await_report(reports, report);
    if (!status.ok()) co_return status;
  }
  reports.cancel();
  co_return co_await stream.finish();
}

constexpr std::array kCases{
    TestCase{"orca_per_rpc", orca_per_rpc},
    TestCase{"orca_oob", orca_oob},
};

}  // namespace

std::span<const TestCase> orca_cases() { return kCases; }

}  // namespace weft::interop
