#include <array>
#include <string>

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"

namespace weft::interop {
namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr int kRequestSize = 271828;
constexpr int kResponseSize = 314159;

Status expect_response(std::string_view what, const Result<SimpleResponse>& response) {
  if (!response.ok()) return response.status().with_prefix(what);
  return expect_zeros(what, kResponseSize, response->payload());
}

Task<Status> client_compressed_unary(Session& session) {
  SimpleRequest request;
  request.set_response_size(kResponseSize);
  fill(*request.mutable_payload(), kRequestSize);

  // Asks whether the server looks at all.
  request.mutable_expect_compressed()->set_value(true);
  const Result<SimpleResponse> probe = co_await session.client().UnaryCall(request);
  Status status = expect_code("uncompressed request announced as compressed",
                              StatusCode::InvalidArgument, probe.status());
  if (!status.ok()) co_return status;

  const Result<SimpleResponse> compressed =
      co_await session.client().UnaryCall(request, {.compression = Compression::Gzip});
  status = expect_response("compressed request", compressed);
  if (!status.ok()) co_return status;

  request.mutable_expect_compressed()->set_value(false);
  const Result<SimpleResponse> plain = co_await session.client().UnaryCall(request);
  co_return expect_response("uncompressed request", plain);
}

Status expect_compressed(std::string_view what, const Session& session, std::size_t index,
                         bool expected) {
  const ResponseCompression& flags = session.responses_compressed();
  if (index >= flags.size()) {
    return failed_precondition(std::string(what) + ": expected a message, got none");
  }
  return expect_text(what, expected ? "compressed" : "uncompressed",
                     flags[index] ? "compressed" : "uncompressed");
}

Task<Status> server_compressed_unary(Session& session) {
  SimpleRequest request;
  request.set_response_size(kResponseSize);
  fill(*request.mutable_payload(), kRequestSize);
  for (const bool compressed : {true, false}) {
    const std::string what =
        compressed ? "response_compressed: true" : "response_compressed: false";
    request.mutable_response_compressed()->set_value(compressed);
    const Result<SimpleResponse> response = co_await session.client().UnaryCall(request);
    Status status = expect_response(what, response);
    if (status.ok()) status = expect_compressed(what, session, 0, compressed);
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

Task<Status> probe_stream(Session& session) {
  auto stream = co_await session.client().StreamingInputCall({.compression = Compression::Gzip});
  StreamingInputCallRequest request;
  request.mutable_expect_compressed()->set_value(true);
  fill(*request.mutable_payload(), 27182);
  // Whether the server has answered yet or not: finish() has its status.
  static_cast<void>(co_await stream.write(request, {.uncompressed = true}));
  const Result<StreamingInputCallResponse> response = co_await stream.finish();
  co_return expect_code("uncompressed message announced as compressed", StatusCode::InvalidArgument,
                        response.status());
}

Task<Status> client_compressed_streaming(Session& session) {
  Status probed = co_await probe_stream(session);
  if (!probed.ok()) co_return probed;
  auto stream = co_await session.client().StreamingInputCall({.compression = Compression::Gzip});
  StreamingInputCallRequest request;
  request.mutable_expect_compressed()->set_value(true);
  fill(*request.mutable_payload(), 27182);
  bool sent = co_await stream.write(request);
  if (sent) {
    request.mutable_expect_compressed()->set_value(false);
    fill(*request.mutable_payload(), 45904);
    sent = co_await stream.write(request, {.uncompressed = true});
  }
  const Result<StreamingInputCallResponse> response = co_await stream.finish();
  if (!response.ok()) co_return response.status();
  co_return expect_equal("aggregated_payload_size", 73086, response->aggregated_payload_size());
}

Task<Status> server_compressed_streaming(Session& session) {
  constexpr std::array kSizes{31415, 92653};
  constexpr std::array kCompressed{true, false};
  StreamingOutputCallRequest request;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    auto& parameters = *request.add_response_parameters();
    parameters.set_size(kSizes[i]);
    parameters.mutable_compressed()->set_value(kCompressed[i]);
  }
  auto stream = co_await session.client().StreamingOutputCall(request);
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const std::string what = "response " + std::to_string(i);
    const std::optional<StreamingOutputCallResponse> response = co_await stream.read();
    if (!response) break;
    Status status = expect_zeros(what, kSizes[i], response->payload());
    if (status.ok()) status = expect_compressed(what, session, i, kCompressed[i]);
    if (!status.ok()) co_return status;
  }
  Status status = co_await stream.finish();
  if (!status.ok()) co_return status;
  co_return expect_equal("responses", kSizes.size(),
                         static_cast<long>(session.responses_compressed().size()));
}

constexpr std::array kCases{
    TestCase{"client_compressed_unary", client_compressed_unary},
    TestCase{"server_compressed_unary", server_compressed_unary},
    TestCase{"client_compressed_streaming", client_compressed_streaming},
    TestCase{"server_compressed_streaming", server_compressed_streaming},
};

}  // namespace

std::span<const TestCase> compression_cases() { return kCases; }

}  // namespace weft::interop
