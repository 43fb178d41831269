// A service and a call to it, in one program of somebody else.

#include <cstdio>
#include <string>

#include "weft/cluster/resolver.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "greeter.weft.h"

class Greeter final : public outside::GreeterService {
  weft::Task<weft::Result<outside::HelloReply>> SayHello(
      weft::ServerContext&, const outside::HelloRequest& request) override {
    outside::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    return reply;
  }
};

int main() {
  weft::Server server{{.listen = "127.0.0.1:0"}};
  server.add<Greeter>();
  if (const weft::Status started = server.start(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.to_string().c_str());
    return 1;
  }

  weft::Channel channel("127.0.0.1:" + std::to_string(server.port()));
  outside::GreeterBlockingClient greeter(channel);
  outside::HelloRequest request;
  request.set_name("outside");
  const auto reply = greeter.SayHello(request, {.timeout = std::chrono::seconds(10)});
  if (!reply.ok()) std::fprintf(stderr, "%s\n", reply.status().to_string().c_str());

  server.stop();
  // Nobody has called register_schemes(): linking has to be enough.
  if (!weft::cluster::lists_instances("weft://localhost:7070/greeter")) {
    std::fputs("the scheme weft:// is not known\n", stderr);
    return 1;
  }
  return reply.ok() && reply->message() == "Hello, outside" ? 0 : 1;
}
