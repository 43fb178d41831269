#include <array>
#include <string>

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"

namespace weft::interop {
namespace {

using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr std::array kRequestSizes{27182, 8, 1828, 45904};
constexpr std::array kResponseSizes{31415, 9, 2653, 58979};
constexpr int kSumOfRequests = 74922;

std::string response_name(std::size_t index) { return "response " + std::to_string(index); }

Task<Status> client_streaming(Session& session) {
  auto stream = co_await session.client().StreamingInputCall();
  StreamingInputCallRequest request;
  for (const int size : kRequestSizes) {
    fill(*request.mutable_payload(), size);
    if (!co_await stream.write(request)) break;  // finish() says why
  }
  const Result<StreamingInputCallResponse> response = co_await stream.finish();
  if (!response.ok()) co_return response.status();
  co_return expect_equal("aggregated_payload_size", kSumOfRequests,
                         response->aggregated_payload_size());
}

Task<Status> server_streaming(Session& session) {
  StreamingOutputCallRequest request;
  for (const int size : kResponseSizes) request.add_response_parameters()->set_size(size);
  auto stream = co_await session.client().StreamingOutputCall(request);
  std::size_t count = 0;
  Status outcome;
  while (std::optional<StreamingOutputCallResponse> response = co_await stream.read()) {
    if (count < kResponseSizes.size()) {
      outcome = first_failure(
          std::move(outcome),
          expect_zeros(response_name(count), kResponseSizes[count], response->payload()));
    }
    ++count;
  }
  Status status = co_await stream.finish();
  if (!status.ok()) co_return status;
  if (!outcome.ok()) co_return outcome;
  co_return expect_equal("responses", kResponseSizes.size(), static_cast<long>(count));
}

Task<Status> ping_pong(Session& session) {
  auto stream = co_await session.client().FullDuplexCall();
  for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
    StreamingOutputCallRequest request;
    request.add_response_parameters()->set_size(kResponseSizes[i]);
    fill(*request.mutable_payload(), kRequestSizes[i]);
    const bool sent = co_await stream.write(request);
    const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
    if (!sent || !response) {
      Status status = co_await stream.finish();
      if (!status.ok()) co_return status;
      co_return failed_precondition(response_name(i) + ": the stream had ended before");
    }
    Status status = expect_zeros(response_name(i), kResponseSizes[i], response->payload());
    if (!status.ok()) co_return status;
  }
  stream.half_close();
  const std::optional<StreamingOutputCallResponse> more = co_await stream.read();
  if (more) co_return failed_precondition("a fifth response came for four requests");
  co_return co_await stream.finish();
}

Task<Status> empty_stream(Session& session) {
  auto stream = co_await session.client().FullDuplexCall();
  stream.half_close();
  const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
  if (response) co_return failed_precondition("a response came, none was asked for");
  co_return co_await stream.finish();
}

constexpr std::array kCases{
    TestCase{"client_streaming", client_streaming},
    TestCase{"server_streaming", server_streaming},
    TestCase{"ping_pong", ping_pong},
    TestCase{"empty_stream", empty_stream},
};

}  // namespace

std::span<const TestCase> streaming_cases() { return kCases; }

}  // namespace weft::interop
