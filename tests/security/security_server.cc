// A server for tests of who may call what by which protocol: gRPC, Connect, JSON and paths on one
// port.
//
// usage: security_server KEYS   (the text of ApiKeys::set())

#include <iostream>

#include "weft/edge/edge.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/server.h"
#include "weft/security/api_keys.h"
#include "weft/security/authenticator.h"
#include "weft/security/authorization.h"

#include "greeter.weft.h"
#include "tests/edge/library.h"
#include "tests/peers/serve_peers.h"

namespace {

using namespace weft;

/// 4711 is what nobody may see.
class Greeter final : public hello::GreeterService {
  Task<Result<hello::HelloReply>> SayHello(ServerContext& context,
                                           const hello::HelloRequest&) override {
    hello::HelloReply reply;
    reply.set_message("for " + context.principal()->subject);
    co_return reply;
  }
  Task<Status> Count(ServerContext&, const hello::CountRequest&,
                     Writer<hello::Number>& writer) override {
    hello::Number number;
    number.set_value(4711);
    static_cast<void>(co_await writer.write(number));
    co_return ok_status();
  }
  Task<Result<hello::Number>> Sum(ServerContext&, Reader<hello::Number>&) override {
    hello::Number number;
    number.set_value(4711);
    co_return number;
  }
};

constexpr std::string_view kPolicy = R"({
  "name": "test",
  "deny_rules": [{"name": "no lists", "request": {"paths": ["/library.Library/ListBooks"]}}],
  "allow_rules": [
    {"name": "readers", "source": {"principals": ["api-key/reader"]},
     "request": {"paths": ["/hello.Greeter/SayHello", "/library.Library/CreateBook",
                           "/library.Library/ListBooks"]}}]
})";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto keys = security::ApiKeys::make();
  Authorization authorization;
  Status ready = keys->set(argv[1]);
  if (ready.ok()) ready = authorization.set(kPolicy);
  if (!ready.ok()) {
    std::cerr << ready << "\n";
    return 1;
  }
  Server server({.listen = "127.0.0.1:0"});
  server.use(authentication(keys));
  server.use(authorization.middleware());
  server.add<Greeter>();
  server.add<test::Library>();
  server.add(edge::protocols());
  server.add(http1::protocol());
  return test::serve_peers(server);
}
