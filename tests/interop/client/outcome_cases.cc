#include <array>
#include <chrono>
#include <string>

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"

namespace weft::interop {
namespace {

using grpc::testing::EchoStatus;
using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using grpc::testing::UnimplementedServiceClient;

constexpr std::string_view kInitialName = "x-grpc-test-echo-initial";
constexpr std::string_view kInitialValue = "test_initial_metadata_value";
constexpr std::string_view kTrailingName = "x-grpc-test-echo-trailing-bin";
constexpr std::string_view kTrailingValue = "\xab\xab\xab";

Status expect_echoed(std::string_view what, const Metadata& initial, const Metadata& trailing) {
  const std::string prefix = std::string(what) + ", ";
  return first_failure(expect_text(prefix + std::string(kInitialName), kInitialValue,
                                   initial.get(kInitialName).value_or("")),
                       expect_text(prefix + std::string(kTrailingName), kTrailingValue,
                                   trailing.get(kTrailingName).value_or("")));
}

Task<Status> custom_metadata_unary(Session& session, const Metadata& sent) {
  SimpleRequest request;
  request.set_response_size(314159);
  fill(*request.mutable_payload(), 271828);
  Metadata initial;
  Metadata trailing;
  const Result<SimpleResponse> response = co_await session.client().UnaryCall(
      request, {.metadata = &sent, .response_metadata = &initial, .trailers = &trailing});
  if (!response.ok()) co_return response.status();
  co_return expect_echoed("UnaryCall", initial, trailing);
}

Task<Status> custom_metadata_stream(Session& session, const Metadata& sent) {
  auto stream = co_await session.client().FullDuplexCall({.metadata = &sent});
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(314159);
  fill(*request.mutable_payload(), 271828);
  static_cast<void>(co_await stream.write(request));  // finish() says why not
  stream.half_close();
  const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
  Status status = co_await stream.finish();
  if (!status.ok()) co_return status;
  if (!response) co_return failed_precondition("FullDuplexCall: expected a response, got none");
  co_return expect_echoed("FullDuplexCall", stream.response_metadata(), stream.trailers());
}

Task<Status> custom_metadata(Session& session) {
  Metadata sent;
  sent.add(kInitialName, kInitialValue);
  sent.add(kTrailingName, kTrailingValue);
  Status status = co_await custom_metadata_unary(session, sent);
  if (status.ok()) status = co_await custom_metadata_stream(session, sent);
  co_return status;
}

constexpr StatusCode kEchoedCode = StatusCode::Unknown;  // 2, the one gRPC's description asks for

Status expect_status(std::string_view what, const EchoStatus& expected, const Status& status) {
  return first_failure(expect_code(what, kEchoedCode, status),
                       expect_text(what, expected.message(), status.message()));
}

Task<Status> echo_status_unary(Session& session, const std::string& message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(kEchoedCode));
  request.mutable_response_status()->set_message(message);
  const Result<SimpleResponse> response = co_await session.client().UnaryCall(request);
  co_return expect_status("UnaryCall", request.response_status(), response.status());
}

Task<Status> status_code_and_message(Session& session) {
  const std::string message = "test status message";
  Status unary = co_await echo_status_unary(session, message);
  if (!unary.ok()) co_return unary;
  auto stream = co_await session.client().FullDuplexCall();
  StreamingOutputCallRequest request;
  request.mutable_response_status()->set_code(static_cast<int>(kEchoedCode));
  request.mutable_response_status()->set_message(message);
  static_cast<void>(co_await stream.write(request));
  const Status status = co_await stream.finish();
  co_return expect_status("FullDuplexCall", request.response_status(), status);
}

Task<Status> special_status_message(Session& session) {
  const std::string message =
      "\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \U0001F608\t\n";
  co_return co_await echo_status_unary(session, message);
}

Task<Status> unimplemented_method(Session& session) {
  const Empty request;
  const Result<Empty> response = co_await session.client().UnimplementedCall(request);
  co_return expect_code("TestService/UnimplementedCall", StatusCode::Unimplemented,
                        response.status());
}

Task<Status> unimplemented_service(Session& session) {
  const UnimplementedServiceClient client(session.channel());
  const Empty request;
  const Result<Empty> response = co_await client.UnimplementedCall(request);
  co_return expect_code("UnimplementedService/UnimplementedCall", StatusCode::Unimplemented,
                        response.status());
}

Task<Status> cancel_after_begin(Session& session) {
  auto stream = co_await session.client().StreamingInputCall();
  stream.cancel();
  const auto response = co_await stream.finish();
  co_return expect_code("StreamingInputCall", StatusCode::Cancelled, response.status());
}

Task<Status> cancel_after_first_response(Session& session) {
  auto stream = co_await session.client().FullDuplexCall();
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(31415);
  fill(*request.mutable_payload(), 27182);
  static_cast<void>(co_await stream.write(request));
  const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
  if (!response) {
    Status status = co_await stream.finish();
    co_return first_failure(std::move(status), failed_precondition("the stream ended too early"));
  }
  Status whole = expect_zeros("response", 31415, response->payload());
  if (!whole.ok()) co_return whole;
  stream.cancel();
  const Status status = co_await stream.finish();
  co_return expect_code("FullDuplexCall", StatusCode::Cancelled, status);
}

Task<Status> timeout_on_sleeping_server(Session& session) {
  auto stream = co_await session.client().FullDuplexCall({.timeout = std::chrono::milliseconds(1)});
  StreamingOutputCallRequest request;
  fill(*request.mutable_payload(), 27182);
  // The millisecond may be over before this has gone out; the outcome is the same.
  static_cast<void>(co_await stream.write(request));
  const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
  if (response) co_return failed_precondition("a response came, none was asked for");
  const Status status = co_await stream.finish();
  co_return expect_code("FullDuplexCall", StatusCode::DeadlineExceeded, status);
}

constexpr std::array kCases{
    TestCase{"custom_metadata", custom_metadata},
    TestCase{"status_code_and_message", status_code_and_message},
    TestCase{"special_status_message", special_status_message},
    TestCase{"unimplemented_method", unimplemented_method},
    TestCase{"unimplemented_service", unimplemented_service},
    TestCase{"cancel_after_begin", cancel_after_begin},
    TestCase{"cancel_after_first_response", cancel_after_first_response},
    TestCase{"timeout_on_sleeping_server", timeout_on_sleeping_server},
};

}  // namespace

std::span<const TestCase> outcome_cases() { return kCases; }

}  // namespace weft::interop
