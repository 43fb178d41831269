// grpc.testing.TestService made with grpc++: `grpcpp_interop_server --port=N [--use_tls=true
// --tls_cert=FILE --tls_key=FILE]`. The peer of weft's interop client in tests.

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "src/proto/grpc/testing/test.grpc.pb.h"
#include "tests/interop/grpcpp/grpcpp_program.h"

namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;
using grpc::testing::BoolValue;
using grpc::testing::EchoStatus;
using grpc::testing::Empty;
using grpc::testing::Payload;
using grpc::testing::ResponseParameters;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

void echo_metadata(ServerContext& context) {
  for (const auto& [name, value] : context.client_metadata()) {
    const std::string text(value.data(), value.size());
    if (name == "x-grpc-test-echo-initial") {
      context.AddInitialMetadata("x-grpc-test-echo-initial", text);
    } else if (name == "x-grpc-test-echo-trailing-bin") {
      context.AddTrailingMetadata("x-grpc-test-echo-trailing-bin", text);
    }
  }
}

Status check_compressed(const ServerContext& context, const BoolValue& expected) {
  const bool compressed =
      interop::last_was_compressed(const_cast<ServerContext&>(context).c_call());
  if (compressed == expected.value()) return Status::OK;
  return {StatusCode::INVALID_ARGUMENT, "compression is not as expect_compressed says"};
}

Status echo(const EchoStatus& wanted) {
  return {static_cast<StatusCode>(wanted.code()), wanted.message()};
}

void fill(Payload& payload, int size) {
  payload.mutable_body()->assign(static_cast<std::size_t>(size), '\0');
}

template <class Stream>
void respond(Stream& stream, const StreamingOutputCallRequest& request) {
  for (const ResponseParameters& parameters : request.response_parameters()) {
    StreamingOutputCallResponse response;
    fill(*response.mutable_payload(), parameters.size());
    std::this_thread::sleep_for(std::chrono::microseconds(parameters.interval_us()));
    grpc::WriteOptions options;
    if (!parameters.compressed().value()) options.set_no_compression();
    if (!stream.Write(response, options)) return;
  }
}

class TestService final : public grpc::testing::TestService::Service {
  Status EmptyCall(ServerContext*, const Empty*, Empty*) override { return Status::OK; }

  Status UnaryCall(ServerContext* context, const SimpleRequest* request,
                   SimpleResponse* response) override {
    echo_metadata(*context);
    if (request->has_expect_compressed()) {
      Status status = check_compressed(*context, request->expect_compressed());
      if (!status.ok()) return status;
    }
    if (request->has_response_status()) return echo(request->response_status());
    if (request->response_compressed().value()) {
      context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    fill(*response->mutable_payload(), request->response_size());
    return Status::OK;
  }

  Status CacheableUnaryCall(ServerContext* context, const SimpleRequest*,
                            SimpleResponse* response) override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    response->mutable_payload()->set_body(std::to_string(now.count()));
    context->AddInitialMetadata("cache-control", "max-age=60, public");
    return Status::OK;
  }

  Status StreamingOutputCall(ServerContext* context, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* writer) override {
    for (const ResponseParameters& parameters : request->response_parameters()) {
      if (parameters.compressed().value()) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    respond(*writer, *request);
    return Status::OK;
  }

  Status StreamingInputCall(ServerContext* context,
                            grpc::ServerReader<StreamingInputCallRequest>* reader,
                            StreamingInputCallResponse* response) override {
    std::size_t sum = 0;
    StreamingInputCallRequest request;
    while (reader->Read(&request)) {
      if (request.has_expect_compressed()) {
        Status status = check_compressed(*context, request.expect_compressed());
        if (!status.ok()) return status;
      }
      sum += request.payload().body().size();
    }
    response->set_aggregated_payload_size(static_cast<int>(sum));
    return Status::OK;
  }

  using Stream = grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>;

  Status FullDuplexCall(ServerContext* context, Stream* stream) override {
    echo_metadata(*context);
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      if (request.has_response_status()) return echo(request.response_status());
      respond(*stream, request);
    }
    return Status::OK;
  }

  Status HalfDuplexCall(ServerContext*, Stream* stream) override {
    std::vector<StreamingOutputCallRequest> requests;
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) requests.push_back(request);
    for (const StreamingOutputCallRequest& one : requests) respond(*stream, one);
    return Status::OK;
  }
};

std::shared_ptr<grpc::ServerCredentials> credentials(int argc, char** argv) {
  if (!interop::flag_is_set(argc, argv, "--use_tls")) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(
      {interop::file_content(interop::flag(argc, argv, "--tls_key", "")),
       interop::file_content(interop::flag(argc, argv, "--tls_cert", ""))});
  return grpc::SslServerCredentials(options);
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &terminate, nullptr);

  TestService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("0.0.0.0:" + interop::flag(argc, argv, "--port", "0"),
                           credentials(argc, argv), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "grpc++ cannot listen\n";
    return 1;
  }
  std::cerr << "listening on 0.0.0.0:" << port << std::endl;
  int signal = 0;
  sigwait(&terminate, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}
