#include "weft/rpc/server.h"

#include "hello.weft.h"

using namespace weft;

class Greeter final : public hello::GreeterService {
  Task<Result<hello::HelloReply>> SayHello(ServerContext&,
                                           const hello::HelloRequest& request) override {
    if (request.name().empty()) co_return invalid_argument("name is required");
    hello::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    co_return reply;
  }
};

int main(int argc, char* argv[]) {
  Server server{{.listen = argc > 1 ? argv[1] : "127.0.0.1:50051"}};
  server.add<Greeter>();
  return run(server);  // drains on SIGTERM
}
