// A server whose only method calls the same method of the next server, traced on both sides and
// exported as the environment says. Prints its port, and serves until its standard input ends.
//
// usage: traced_relay TARGET

#include <iostream>

#include <google/protobuf/wrappers.pb.h>

#include "weft/rpc/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server.h"
#include "weft/rpc/server/handler.h"
#include "weft/telemetry/otlp.h"
#include "weft/telemetry/trace.h"

#include "tests/peers/serve_peers.h"

namespace {

using namespace weft;
using Text = google::protobuf::BytesValue;

constexpr MethodDescriptor kMethods[] = {{.name = "Echo", .path = "/test.Traced/Echo"}};
constexpr ServiceDescriptor kDescriptor{"test.Traced", kMethods, nullptr};

class Relay final : public ServiceDefinition {
 public:
  explicit Relay(Channel& next) : next_(next) {}

  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_unary<&Relay::Echo>(call, *this);
  }
  Task<Result<Text>> Echo(ServerContext&, const Text& request) {
    co_return co_await rpc::call_unary<Text>(next_, kMethods[0], request, {});
  }

 private:
  Channel& next_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: traced_relay TARGET\n";
    return 2;
  }
  const Result<telemetry::Exporter> exporter = telemetry::start();
  if (!exporter.ok()) {
    std::cerr << exporter.status() << '\n';
    return 1;
  }
  Channel next(argv[1]);
  next.add(telemetry::client_traces(next.target()));
  Server server({.listen = "127.0.0.1:0"});
  server.add<Relay>(next);
  server.add(telemetry::server_traces());
  return test::serve_peers(server);
}
