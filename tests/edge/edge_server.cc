// A server for tests with clients of others: gRPC, Connect, JSON and paths over HTTP/1.1 and 2 on
// one port. Prints the port, and serves until its standard input ends.

#include <string>
#include <utility>

#include "weft/edge/edge.h"
#include "weft/edge/openapi/docs.h"
#include "weft/edge/openapi/openapi.h"
#include "weft/edge/websocket/websocket.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/google_status.h"
#include "weft/rpc/server.h"

#include "greeter.weft.h"
#include "tests/edge/library.h"
#include "tests/peers/serve_peers.h"

namespace {

using namespace weft;
using hello::CountRequest;
using hello::HelloReply;
using hello::HelloRequest;
using hello::Number;

class Greeter final : public hello::GreeterService {
  Task<Result<HelloReply>> SayHello(ServerContext& context, const HelloRequest& request) override {
    if (request.name().empty()) {
      HelloRequest hint;
      hint.set_name("you");
      co_return with_detail(invalid_argument("name is required"), hint);
    }
    if (request.name() == "slow") {
      Status slept = co_await net::sleep(std::chrono::hours(1));
      if (!slept.ok()) co_return slept;
    }
    context.response_metadata().add("x-user", context.metadata().get("x-user").value_or("nobody"));
    context.trailers().add("x-served", "yes");
    context.set_compression(Compression::Gzip);
    HelloReply reply;
    reply.set_message("Hello, " + request.name());
    co_return reply;
  }
  Task<Status> Count(ServerContext&, const CountRequest& request, Writer<Number>& writer) override {
    for (int i = 1; i <= request.to(); ++i) {
      if (i > 100) co_return out_of_range("no more than 100");
      Number number;
      number.set_value(i);
      const bool taken = co_await writer.write(number);
      if (!taken) co_return writer.status();
    }
    co_return ok_status();
  }
  Task<Result<Number>> Sum(ServerContext&, Reader<Number>& reader) override {
    Number sum;
    Number next;
    while (co_await reader.read(next)) sum.set_value(sum.value() + next.value());
    co_return sum;
  }
  Task<Status> Double(ServerContext&, Reader<Number>& reader, Writer<Number>& writer) override {
    Number number;
    while (co_await reader.read(number)) {
      number.set_value(2 * number.value());
      const bool taken = co_await writer.write(number);
      if (!taken) co_return writer.status();
    }
    co_return ok_status();
  }
};

}  // namespace

int main() {
  Server server({.listen = "127.0.0.1:0", .max_receive_size = 100'000});
  server.add<Greeter>();
  server.add<test::Library>();
  edge::WebSocketOptions sockets;
  sockets.origins = {"http://page.example"};
  server.add(edge::websocket(std::move(sockets)));
  server.add(edge::protocols({.cors = {.origins = {"http://page.example"}}}));
  server.add(edge::openapi({.title = "Library"}));
  server.add(edge::docs());
  server.add(http1::protocol());
  return test::serve_peers(server);
}
