// A plug-in with all of weft in it, as a library that another program loads.

#include <string>

#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "ping.weft.h"

namespace {

using namespace weft;
using namespace std::chrono_literals;

class Pinger final : public test::ping::PingerService {
  Task<Result<test::ping::Ping>> Send(ServerContext&, const test::ping::Ping& request) override {
    test::ping::Ping reply;
    reply.set_value(request.value() + 1);
    co_return reply;
  }
};

Status call_self() {
  Server server{{.listen = "127.0.0.1:0"}};
  server.add<Pinger>();
  if (Status status = server.start(); !status.ok()) return status;
  Channel channel("127.0.0.1:" + std::to_string(server.port()));
  test::ping::PingerBlockingClient client(channel);
  test::ping::Ping request;
  request.set_value(1);
  const Result<test::ping::Ping> reply = client.Send(request, {.timeout = 20s});
  if (!reply.ok()) return reply.status();
  return reply->value() == 2 ? ok_status() : internal_error("another answer");
}

}  // namespace

/// A server and a client of the module's own; what went wrong, "" where nothing did.
extern "C" const char* weft_test_module() {
  static std::string text;
  const Status status = call_self();
  text = status.ok() ? "" : status.to_string();
  return text.c_str();
}
