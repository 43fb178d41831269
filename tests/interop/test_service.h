#pragma once

#include <memory>
#include <utility>

#include "weft/coro/task.h"
#include "weft/rpc/service.h"

#include "src/proto/grpc/testing/test.weft.h"
#include "tests/interop/load_reports.h"

namespace weft::interop {

/// grpc.testing.TestService with every feature of gRPC's doc/interop-test-descriptions.md that
/// needs no cloud. The server must use observe_requests and echo_metadata.
class TestService final : public grpc::testing::TestServiceService {
 public:
  /// `reports` is told what a client asks this server to report beside the calls.
  explicit TestService(std::shared_ptr<LoadReports> reports) : reports_(std::move(reports)) {}

  Task<Result<grpc::testing::Empty>> EmptyCall(ServerContext& context,
                                               const grpc::testing::Empty& request) override;
  Task<Result<grpc::testing::SimpleResponse>> UnaryCall(
      ServerContext& context, const grpc::testing::SimpleRequest& request) override;
  Task<Result<grpc::testing::SimpleResponse>> CacheableUnaryCall(
      ServerContext& context, const grpc::testing::SimpleRequest& request) override;
  Task<Status> StreamingOutputCall(
      ServerContext& context, const grpc::testing::StreamingOutputCallRequest& request,
      Writer<grpc::testing::StreamingOutputCallResponse>& writer) override;
  Task<Result<grpc::testing::StreamingInputCallResponse>> StreamingInputCall(
      ServerContext& context, Reader<grpc::testing::StreamingInputCallRequest>& reader) override;
  Task<Status> FullDuplexCall(ServerContext& context,
                              Reader<grpc::testing::StreamingOutputCallRequest>& reader,
                              Writer<grpc::testing::StreamingOutputCallResponse>& writer) override;
  Task<Status> HalfDuplexCall(ServerContext& context,
                              Reader<grpc::testing::StreamingOutputCallRequest>& reader,
                              Writer<grpc::testing::StreamingOutputCallResponse>& writer) override;

 private:
  std::shared_ptr<LoadReports> reports_;
};

/// A server's middleware for the feature "Echo Metadata": x-grpc-test-echo-initial goes back before
/// the messages, x-grpc-test-echo-trailing-bin after them.
Task<Status> echo_metadata(Call& call, Next next);

}  // namespace weft::interop
