#include "tests/interop/test_service.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "weft/net/loop.h"

#include "tests/interop/observed_messages.h"

namespace weft::interop {
namespace {

using grpc::testing::BoolValue;
using grpc::testing::EchoStatus;
using grpc::testing::Empty;
using grpc::testing::Payload;
using grpc::testing::PayloadType;
using grpc::testing::ResponseParameters;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr std::string_view kEchoInitial = "x-grpc-test-echo-initial";
constexpr std::string_view kEchoTrailing = "x-grpc-test-echo-trailing-bin";

Status fill(PayloadType type, int size, Payload& payload) {
  if (type != grpc::testing::COMPRESSABLE) {
    return invalid_argument("response_type " + std::to_string(type) +
                            " is not supported, only COMPRESSABLE (0)");
  }
  if (size < 0) {
    return invalid_argument("a response of " + std::to_string(size) + " bytes was asked for");
  }
  payload.set_type(type);
  payload.mutable_body()->assign(static_cast<std::size_t>(size), '\0');
  return {};
}

/// Whether the last request came as its `expect_compressed` says.
Status check_compressed(ServerContext& context, const BoolValue& expected) {
  const auto& requests = static_cast<const ObservedRequests&>(context.call().requests());
  if (requests.last_was_compressed() == expected.value()) return {};
  return invalid_argument(expected.value() ? "expect_compressed is true, but the request is not"
                                           : "expect_compressed is false, but the request is");
}

/// The status that the client asked for.
Status echo(const EchoStatus& wanted) {
  constexpr int kCodes = 17;
  if (wanted.code() < 0 || wanted.code() >= kCodes) {
    return invalid_argument("response_status.code " + std::to_string(wanted.code()) +
                            " is none of gRPC's, 0 to 16");
  }
  if (wanted.code() == 0) return {};
  return Status(static_cast<StatusCode>(wanted.code()), wanted.message());
}

bool any_compressed(const StreamingOutputCallRequest& request) {
  for (const ResponseParameters& parameters : request.response_parameters()) {
    if (parameters.compressed().value()) return true;
  }
  return false;
}

/// Sends the responses that one request asks for. Whether a stream is compressed is settled with
/// its first response; the single ones can then still go uncompressed.
Task<Status> respond(ServerContext& context, const StreamingOutputCallRequest& request,
                     Writer<StreamingOutputCallResponse>& writer) {
  if (any_compressed(request)) context.set_compression(Compression::Gzip);
  StreamingOutputCallResponse response;
  for (const ResponseParameters& parameters : request.response_parameters()) {
    Status status = fill(request.response_type(), parameters.size(), *response.mutable_payload());
    if (!status.ok()) co_return status;
    if (parameters.interval_us() > 0) {
      status = co_await net::sleep(std::chrono::microseconds(parameters.interval_us()));
      if (!status.ok()) co_return status;
    }
    const WriteOptions options{.uncompressed = !parameters.compressed().value()};
    if (!co_await writer.write(response, options)) co_return writer.status();
  }
  co_return ok_status();
}

}  // namespace

Task<Result<Empty>> TestService::EmptyCall(ServerContext&, const Empty&) { return Empty(); }

Task<Result<SimpleResponse>> TestService::UnaryCall(ServerContext& context,
                                                    const SimpleRequest& request) {
  Status status;
  if (request.has_expect_compressed()) {
    status = check_compressed(context, request.expect_compressed());
  }
  if (status.ok()) status = echo(request.response_status());
  SimpleResponse response;
  if (status.ok() && (request.response_size() != 0 || request.response_type() != 0)) {
    status = fill(request.response_type(), request.response_size(), *response.mutable_payload());
  }
  if (!status.ok()) return Result<SimpleResponse>(std::move(status));
  if (request.response_compressed().value()) context.set_compression(Compression::Gzip);
  if (request.has_orca_per_query_report()) {
    context.trailers().add(kLoadReportTrailer,
                           load_report(request.orca_per_query_report()).SerializeAsString());
  }
  return response;
}

Task<Result<SimpleResponse>> TestService::CacheableUnaryCall(ServerContext& context,
                                                             const SimpleRequest&) {
  // The time of day, since what matters is that no two answers are the same.
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  SimpleResponse response;
  response.mutable_payload()->set_body(std::to_string(now.count()));
  context.response_metadata().add("cache-control", "max-age=60, public");
  return response;
}

Task<Status> TestService::StreamingOutputCall(ServerContext& context,
                                              const StreamingOutputCallRequest& request,
                                              Writer<StreamingOutputCallResponse>& writer) {
  if (request.has_response_status()) return echo(request.response_status());
  return respond(context, request, writer);
}

Task<Result<StreamingInputCallResponse>> TestService::StreamingInputCall(
    ServerContext& context, Reader<StreamingInputCallRequest>& reader) {
  std::size_t sum = 0;
  StreamingInputCallRequest request;
  while (co_await reader.read(request)) {
    if (request.has_expect_compressed()) {
      Status status = check_compressed(context, request.expect_compressed());
      if (!status.ok()) co_return status;
    }
    sum += request.payload().body().size();
  }
  StreamingInputCallResponse response;
  response.set_aggregated_payload_size(static_cast<int>(sum));
  co_return response;
}

Task<Status> TestService::FullDuplexCall(ServerContext& context,
                                         Reader<StreamingOutputCallRequest>& reader,
                                         Writer<StreamingOutputCallResponse>& writer) {
  StreamingOutputCallRequest request;
  while (co_await reader.read(request)) {
    if (request.has_response_status()) co_return echo(request.response_status());
    if (request.has_orca_oob_report()) reports_->set(load_report(request.orca_oob_report()));
    Status status = co_await respond(context, request, writer);
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

Task<Status> TestService::HalfDuplexCall(ServerContext& context,
                                         Reader<StreamingOutputCallRequest>& reader,
                                         Writer<StreamingOutputCallResponse>& writer) {
  std::vector<StreamingOutputCallRequest> requests;
  while (std::optional<StreamingOutputCallRequest> request = co_await reader.read()) {
    requests.push_back(*std::move(request));
  }
  for (const StreamingOutputCallRequest& request : requests) {
    if (request.has_response_status()) co_return echo(request.response_status());
    Status status = co_await respond(context, request, writer);
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

Task<Status> echo_metadata(Call& call, Next next) {
  for (const std::string_view value : call.request_metadata().get_all(kEchoInitial)) {
    call.response_metadata().add(kEchoInitial, value);
  }
  for (const std::string_view value : call.request_metadata().get_all(kEchoTrailing)) {
    call.trailers().add(kEchoTrailing, value);
  }
  return next(call);
}

}  // namespace weft::interop
