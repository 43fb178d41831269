// gRPC's interop cases called with grpc++: `grpcpp_interop_client --server_host=H --server_port=N
// --test_case=NAME,NAME|all|list [--use_tls=true --ca_file=FILE --server_host_override=NAME]`.
// Drives weft's interop server in tests.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "src/proto/grpc/testing/test.grpc.pb.h"
#include "tests/interop/grpcpp/grpcpp_program.h"

namespace {

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;
using grpc::testing::Empty;
using grpc::testing::Payload;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using grpc::testing::TestService;
using grpc::testing::UnimplementedService;

constexpr std::array kRequestSizes{27182, 8, 1828, 45904};
constexpr std::array kResponseSizes{31415, 9, 2653, 58979};

/// Empty, or what was not as it should be.
using Outcome = std::string;

/// Where the server is, and how it is to be spoken to.
struct Server {
  std::string target;
  std::string host_override;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
};

struct Session {
  const Server& server;
  std::shared_ptr<grpc::Channel> channel = connect();
  std::unique_ptr<TestService::Stub> stub = TestService::NewStub(channel);

  std::shared_ptr<grpc::Channel> connect() const {
    grpc::ChannelArguments arguments;
    // Or channels to one address would share their connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (!server.host_override.empty()) arguments.SetSslTargetNameOverride(server.host_override);
    return grpc::CreateCustomChannel(server.target, server.credentials, arguments);
  }
};

void fill(Payload& payload, int size) {
  payload.mutable_body()->assign(static_cast<std::size_t>(size), '\0');
}

Outcome expect_code(StatusCode expected, const Status& status) {
  if (status.error_code() == expected) return {};
  return "expected code " + std::to_string(expected) + ", got " +
         std::to_string(status.error_code()) + ": " + status.error_message();
}

Outcome expect_zeros(int size, const Payload& payload) {
  if (payload.body() == std::string(static_cast<std::size_t>(size), '\0')) return {};
  return "expected " + std::to_string(size) + " zeros, got another payload of " +
         std::to_string(payload.body().size()) + " bytes";
}

template <class T>
Outcome expect_equal(std::string_view what, const T& expected, const T& actual) {
  if (expected == actual) return {};
  return std::string(what) + " is not as expected";
}

SimpleRequest large_request() {
  SimpleRequest request;
  request.set_response_size(314159);
  fill(*request.mutable_payload(), 271828);
  return request;
}

Outcome call_large(TestService::Stub& stub, ClientContext& context, const SimpleRequest& request) {
  SimpleResponse response;
  const Status status = stub.UnaryCall(&context, request, &response);
  Outcome outcome = expect_code(StatusCode::OK, status);
  return outcome.empty() ? expect_zeros(request.response_size(), response.payload()) : outcome;
}

Outcome empty_unary(Session& session) {
  ClientContext context;
  Empty response;
  return expect_code(StatusCode::OK, session.stub->EmptyCall(&context, Empty(), &response));
}

Outcome large_unary(Session& session) {
  ClientContext context;
  return call_large(*session.stub, context, large_request());
}

Outcome cacheable_unary(Session& session) {
  ClientContext context;
  SimpleResponse response;
  const Status status = session.stub->CacheableUnaryCall(&context, SimpleRequest(), &response);
  Outcome outcome = expect_code(StatusCode::OK, status);
  if (outcome.empty() && context.GetServerInitialMetadata().count("cache-control") == 0) {
    outcome = "no cache-control";
  }
  return outcome;
}

Outcome concurrent_large_unary(Session& session) {
  constexpr std::size_t kCalls = 1000;
  struct Call {
    ClientContext context;
    SimpleResponse response;
    Status status;
  };
  const SimpleRequest request = large_request();
  std::deque<Call> calls(kCalls);
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = kCalls;
  for (Call& call : calls) {
    session.stub->async()->UnaryCall(&call.context, &request, &call.response,
                                     [&](const Status& status) {
                                       const std::lock_guard lock(mutex);
                                       call.status = status;
                                       if (--left == 0) changed.notify_all();
                                     });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return left == 0; });
  for (const Call& call : calls) {
    Outcome outcome = expect_code(StatusCode::OK, call.status);
    if (outcome.empty()) {
      outcome = expect_zeros(request.response_size(), call.response.payload());
    }
    if (!outcome.empty()) return outcome;
  }
  return {};
}

Outcome client_streaming(Session& session) {
  ClientContext context;
  StreamingInputCallResponse response;
  const auto stream = session.stub->StreamingInputCall(&context, &response);
  StreamingInputCallRequest request;
  for (const int size : kRequestSizes) {
    fill(*request.mutable_payload(), size);
    if (!stream->Write(request)) break;
  }
  stream->WritesDone();
  Outcome outcome = expect_code(StatusCode::OK, stream->Finish());
  if (!outcome.empty()) return outcome;
  return expect_equal("aggregated_payload_size", 74922, response.aggregated_payload_size());
}

Outcome server_streaming(Session& session) {
  ClientContext context;
  StreamingOutputCallRequest request;
  for (const int size : kResponseSizes) request.add_response_parameters()->set_size(size);
  const auto stream = session.stub->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  std::size_t count = 0;
  for (; stream->Read(&response); ++count) {
    if (count == kResponseSizes.size()) return "a response too many";
    Outcome outcome = expect_zeros(kResponseSizes[count], response.payload());
    if (!outcome.empty()) return outcome;
  }
  Outcome outcome = expect_code(StatusCode::OK, stream->Finish());
  return outcome.empty() ? expect_equal("responses", kResponseSizes.size(), count) : outcome;
}

Outcome ping_pong(Session& session) {
  ClientContext context;
  const auto stream = session.stub->FullDuplexCall(&context);
  StreamingOutputCallResponse response;
  for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
    StreamingOutputCallRequest request;
    request.add_response_parameters()->set_size(kResponseSizes[i]);
    fill(*request.mutable_payload(), kRequestSizes[i]);
    if (!stream->Write(request) || !stream->Read(&response)) {
      return "the stream ended early: " + stream->Finish().error_message();
    }
    Outcome outcome = expect_zeros(kResponseSizes[i], response.payload());
    if (!outcome.empty()) return outcome;
  }
  stream->WritesDone();
  if (stream->Read(&response)) return "a response too many";
  return expect_code(StatusCode::OK, stream->Finish());
}

Outcome half_duplex(Session& session) {
  ClientContext context;
  const auto stream = session.stub->HalfDuplexCall(&context);
  StreamingOutputCallResponse response;
  for (const int size : kResponseSizes) {
    StreamingOutputCallRequest request;
    request.add_response_parameters()->set_size(size);
    if (!stream->Write(request)) return "a request was not taken";
  }
  stream->WritesDone();
  for (const int size : kResponseSizes) {
    if (!stream->Read(&response)) return "a response is missing";
    Outcome outcome = expect_zeros(size, response.payload());
    if (!outcome.empty()) return outcome;
  }
  return expect_code(StatusCode::OK, stream->Finish());
}

Outcome empty_stream(Session& session) {
  ClientContext context;
  const auto stream = session.stub->FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  if (stream->Read(&response)) return "a response, though none was asked for";
  return expect_code(StatusCode::OK, stream->Finish());
}

Outcome compressed_call(Session& session, const SimpleRequest& request, bool compressed) {
  ClientContext context;
  if (compressed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  return call_large(*session.stub, context, request);
}

Outcome client_compressed_unary(Session& session) {
  SimpleRequest request = large_request();
  request.mutable_expect_compressed()->set_value(true);
  ClientContext context;
  SimpleResponse response;
  const Status probe = session.stub->UnaryCall(&context, request, &response);
  Outcome outcome = expect_code(StatusCode::INVALID_ARGUMENT, probe);
  if (outcome.empty()) outcome = compressed_call(session, request, true);
  request.mutable_expect_compressed()->set_value(false);
  if (outcome.empty()) outcome = compressed_call(session, request, false);
  return outcome;
}

Outcome server_compressed_unary(Session& session) {
  for (const bool compressed : {true, false}) {
    SimpleRequest request = large_request();
    request.mutable_response_compressed()->set_value(compressed);
    ClientContext context;
    Outcome outcome = call_large(*session.stub, context, request);
    if (outcome.empty()) {
      outcome =
          expect_equal("compression", compressed, interop::last_was_compressed(context.c_call()));
    }
    if (!outcome.empty()) return outcome;
  }
  return {};
}

Outcome probe_stream(Session& session) {
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  StreamingInputCallResponse response;
  const auto stream = session.stub->StreamingInputCall(&context, &response);
  StreamingInputCallRequest request;
  request.mutable_expect_compressed()->set_value(true);
  fill(*request.mutable_payload(), 27182);
  stream->Write(request, grpc::WriteOptions().set_no_compression());
  stream->WritesDone();
  return expect_code(StatusCode::INVALID_ARGUMENT, stream->Finish());
}

Outcome client_compressed_streaming(Session& session) {
  Outcome outcome = probe_stream(session);
  if (!outcome.empty()) return outcome;
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  StreamingInputCallResponse response;
  const auto stream = session.stub->StreamingInputCall(&context, &response);
  StreamingInputCallRequest request;
  request.mutable_expect_compressed()->set_value(true);
  fill(*request.mutable_payload(), 27182);
  stream->Write(request);
  request.mutable_expect_compressed()->set_value(false);
  fill(*request.mutable_payload(), 45904);
  stream->Write(request, grpc::WriteOptions().set_no_compression());
  stream->WritesDone();
  outcome = expect_code(StatusCode::OK, stream->Finish());
  if (!outcome.empty()) return outcome;
  return expect_equal("aggregated_payload_size", 73086, response.aggregated_payload_size());
}

Outcome server_compressed_streaming(Session& session) {
  constexpr std::array kSizes{31415, 92653};
  constexpr std::array kCompressed{true, false};
  StreamingOutputCallRequest request;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    auto& parameters = *request.add_response_parameters();
    parameters.set_size(kSizes[i]);
    parameters.mutable_compressed()->set_value(kCompressed[i]);
  }
  ClientContext context;
  const auto stream = session.stub->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    if (!stream->Read(&response)) return "a response is missing";
    Outcome outcome = expect_zeros(kSizes[i], response.payload());
    if (outcome.empty()) {
      outcome = expect_equal("compression", bool{kCompressed[i]},
                             interop::last_was_compressed(context.c_call()));
    }
    if (!outcome.empty()) return outcome;
  }
  if (stream->Read(&response)) return "a response too many";
  return expect_code(StatusCode::OK, stream->Finish());
}

void add_echoed(ClientContext& context) {
  context.AddMetadata("x-grpc-test-echo-initial", "test_initial_metadata_value");
  context.AddMetadata("x-grpc-test-echo-trailing-bin", "\xab\xab\xab");
}

Outcome expect_echoed(const ClientContext& context) {
  const auto& initial = context.GetServerInitialMetadata();
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto first = initial.find("x-grpc-test-echo-initial");
  if (first == initial.end() || first->second != "test_initial_metadata_value") {
    return "x-grpc-test-echo-initial did not come back";
  }
  const auto last = trailing.find("x-grpc-test-echo-trailing-bin");
  if (last == trailing.end() || last->second != "\xab\xab\xab") {
    return "x-grpc-test-echo-trailing-bin did not come back";
  }
  return {};
}

Outcome custom_metadata(Session& session) {
  ClientContext unary;
  add_echoed(unary);
  Outcome outcome = call_large(*session.stub, unary, large_request());
  if (outcome.empty()) outcome = expect_echoed(unary);
  if (!outcome.empty()) return outcome;

  ClientContext context;
  add_echoed(context);
  const auto stream = session.stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(314159);
  fill(*request.mutable_payload(), 271828);
  stream->Write(request);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  while (stream->Read(&response)) {
  }
  outcome = expect_code(StatusCode::OK, stream->Finish());
  return outcome.empty() ? expect_echoed(context) : outcome;
}

Outcome expect_echo(const std::string& message, const Status& status) {
  Outcome outcome = expect_code(StatusCode::UNKNOWN, status);
  return outcome.empty() ? expect_equal("status message", message, status.error_message())
                         : outcome;
}

Outcome echo_unary(Session& session, const std::string& message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
  request.mutable_response_status()->set_message(message);
  ClientContext context;
  SimpleResponse response;
  return expect_echo(message, session.stub->UnaryCall(&context, request, &response));
}

Outcome status_code_and_message(Session& session) {
  const std::string message = "test status message";
  Outcome outcome = echo_unary(session, message);
  if (!outcome.empty()) return outcome;
  ClientContext context;
  const auto stream = session.stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.mutable_response_status()->set_code(StatusCode::UNKNOWN);
  request.mutable_response_status()->set_message(message);
  stream->Write(request);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  while (stream->Read(&response)) {
  }
  return expect_echo(message, stream->Finish());
}

Outcome special_status_message(Session& session) {
  return echo_unary(
      session, "\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \U0001F608\t\n");
}

Outcome unimplemented_method(Session& session) {
  ClientContext context;
  Empty response;
  return expect_code(StatusCode::UNIMPLEMENTED,
                     session.stub->UnimplementedCall(&context, Empty(), &response));
}

Outcome unimplemented_service(Session& session) {
  const auto stub = UnimplementedService::NewStub(session.channel);
  ClientContext context;
  Empty response;
  return expect_code(StatusCode::UNIMPLEMENTED,
                     stub->UnimplementedCall(&context, Empty(), &response));
}

Outcome cancel_after_begin(Session& session) {
  ClientContext context;
  StreamingInputCallResponse response;
  const auto stream = session.stub->StreamingInputCall(&context, &response);
  context.TryCancel();
  return expect_code(StatusCode::CANCELLED, stream->Finish());
}

Outcome cancel_after_first_response(Session& session) {
  ClientContext context;
  const auto stream = session.stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(31415);
  fill(*request.mutable_payload(), 27182);
  StreamingOutputCallResponse response;
  if (!stream->Write(request) || !stream->Read(&response)) return "the stream ended early";
  context.TryCancel();
  return expect_code(StatusCode::CANCELLED, stream->Finish());
}

Outcome timeout_on_sleeping_server(Session& session) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  const auto stream = session.stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  fill(*request.mutable_payload(), 27182);
  stream->Write(request);
  StreamingOutputCallResponse response;
  stream->Read(&response);
  return expect_code(StatusCode::DEADLINE_EXCEEDED, stream->Finish());
}

constexpr int kSoakIterations = 100;

Outcome rpc_soak(Session& session) {
  const SimpleRequest request = large_request();
  for (int i = 0; i < kSoakIterations; ++i) {
    ClientContext context;
    Outcome outcome = call_large(*session.stub, context, request);
    if (!outcome.empty()) return "iteration " + std::to_string(i) + ": " + outcome;
  }
  return {};
}

Outcome channel_soak(Session& session) {
  const SimpleRequest request = large_request();
  for (int i = 0; i < kSoakIterations; ++i) {
    const auto stub = TestService::NewStub(session.connect());
    ClientContext context;
    Outcome outcome = call_large(*stub, context, request);
    if (!outcome.empty()) return "iteration " + std::to_string(i) + ": " + outcome;
  }
  return {};
}

struct TestCase {
  std::string_view name;
  Outcome (*run)(Session&);
};

constexpr std::array kCases{
    TestCase{"empty_unary", empty_unary},
    TestCase{"large_unary", large_unary},
    TestCase{"concurrent_large_unary", concurrent_large_unary},
    TestCase{"cacheable_unary", cacheable_unary},
    TestCase{"client_streaming", client_streaming},
    TestCase{"server_streaming", server_streaming},
    TestCase{"ping_pong", ping_pong},
    TestCase{"half_duplex", half_duplex},
    TestCase{"empty_stream", empty_stream},
    TestCase{"client_compressed_unary", client_compressed_unary},
    TestCase{"server_compressed_unary", server_compressed_unary},
    TestCase{"client_compressed_streaming", client_compressed_streaming},
    TestCase{"server_compressed_streaming", server_compressed_streaming},
    TestCase{"custom_metadata", custom_metadata},
    TestCase{"status_code_and_message", status_code_and_message},
    TestCase{"special_status_message", special_status_message},
    TestCase{"unimplemented_method", unimplemented_method},
    TestCase{"unimplemented_service", unimplemented_service},
    TestCase{"cancel_after_begin", cancel_after_begin},
    TestCase{"cancel_after_first_response", cancel_after_first_response},
    TestCase{"timeout_on_sleeping_server", timeout_on_sleeping_server},
    TestCase{"rpc_soak", rpc_soak},
    TestCase{"channel_soak", channel_soak},
};

bool wanted(std::string_view list, std::string_view name) {
  return list == "all" ||
         ("," + std::string(list) + ",").find("," + std::string(name) + ",") != std::string::npos;
}

Server server_of(int argc, char** argv) {
  Server server;
  server.target = interop::flag(argc, argv, "--server_host", "localhost") + ":" +
                  interop::flag(argc, argv, "--server_port", "0");
  server.credentials = grpc::InsecureChannelCredentials();
  if (!interop::flag_is_set(argc, argv, "--use_tls")) return server;
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = interop::file_content(interop::flag(argc, argv, "--ca_file", ""));
  server.credentials = grpc::SslCredentials(options);
  server.host_override = interop::flag(argc, argv, "--server_host_override", "");
  return server;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string list = interop::flag(argc, argv, "--test_case", "all");
  const Server server = server_of(argc, argv);
  bool passed = true;
  for (const TestCase& test : kCases) {
    if (list == "list") {
      std::cout << test.name << '\n';
    } else if (wanted(list, test.name)) {
      Session session{server};
      const Outcome outcome = test.run(session);
      std::cout << (outcome.empty() ? "passed " : "FAILED ") << test.name
                << (outcome.empty() ? "" : ": ") << outcome << std::endl;
      passed = passed && outcome.empty();
    }
  }
  return passed ? 0 : 1;
}
