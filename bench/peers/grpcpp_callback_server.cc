// gRPC C++'s callback API, its own first recommendation, as its documentation has it.
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench/payload.h"
#include "bench/peers/grpcpp_credentials.h"
#include "echo.grpc.pb.h"

namespace {

class EchoStream final : public grpc::ServerBidiReactor<perf::Msg, perf::Msg> {
 public:
  EchoStream() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&message_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool) override { StartRead(&message_); }
  void OnDone() override { delete this; }

 private:
  perf::Msg message_;
};

class Echo final : public perf::Echo::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const perf::Msg* request,
                                  perf::Msg* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (bench::asks_to_hold(request->payload())) return reactor;
    bench::spin_if_asked(request->payload());
    *response = *request;
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerBidiReactor<perf::Msg, perf::Msg>* Stream(grpc::CallbackServerContext*) override {
    return new EchoStream;
  }
};

}  // namespace

int main(int argc, char* argv[]) {
  const auto flags = bench::ServerFlags::read(argc, argv);
  int port = 0;
  Echo service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(flags.port), bench::credentials_of(flags),
                           &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  bench::say_listening(port);
  server->Wait();
  return 0;
}
