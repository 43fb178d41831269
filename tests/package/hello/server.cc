#include "weft/rpc/server.h"

#include <cstdio>

#include "weft/version.h"

#include "greeter.weft.h"

static_assert(WEFT_VERSION_NUMBER >= 200);

class Greeter final : public outside::GreeterService {
  weft::Task<weft::Result<outside::HelloReply>> SayHello(
      weft::ServerContext&, const outside::HelloRequest& request) override {
    outside::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    co_return reply;
  }
};

int main() {
  weft::Server server{{.listen = "127.0.0.1:0"}};
  server.add<Greeter>();
  if (const weft::Status started = server.start(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.to_string().c_str());
    return 1;
  }
  server.stop();
  std::printf("hello of weft %s\n", WEFT_VERSION);
}
