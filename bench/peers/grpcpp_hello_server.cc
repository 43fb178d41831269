// The hello server of gRPC C++, as examples/hello has it for weft: what such a program takes to be
// compiled, and how large it is.
#include <string>

#include <grpcpp/grpcpp.h>

#include "hello.grpc.pb.h"

namespace {

class Greeter final : public hello::Greeter::CallbackService {
  grpc::ServerUnaryReactor* SayHello(grpc::CallbackServerContext* context,
                                     const hello::HelloRequest* request,
                                     hello::HelloReply* reply) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (request->name().empty()) {
      reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "name is required"});
    } else {
      reply->set_message("Hello, " + request->name());
      reactor->Finish(grpc::Status::OK);
    }
    return reactor;
  }
};

}  // namespace

int main(int argc, char* argv[]) {
  Greeter service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argc > 1 ? argv[1] : "127.0.0.1:50051",
                           grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  builder.BuildAndStart()->Wait();
  return 0;
}
