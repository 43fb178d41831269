// One instance of the fleet: `fleet_server NAME REGISTRY_TARGET`, with a port of its own choice,
// and another for its metrics.

#include "weft/rpc/server.h"

#include <iostream>
#include <string>
#include <utility>

#include "weft/net/wait.h"
#include "weft/telemetry/admin.h"
#include "weft/telemetry/grpc.h"
#include "weft/telemetry/process.h"

#include "adder.weft.h"

namespace {

using namespace std::chrono_literals;

class Adder final : public adder::AdderService {
 public:
  explicit Adder(std::string name) : name_(std::move(name)) {}

 private:
  weft::Task<weft::Result<adder::Sum>> Add(weft::ServerContext&,
                                           const adder::Operands& request) override {
    // As if it asked a database.
    const weft::Status asked = co_await weft::net::sleep(5ms);
    if (!asked.ok()) co_return asked;
    adder::Sum sum;
    sum.set_value(request.a() + request.b());
    sum.set_by(name_);
    co_return sum;
  }

  std::string name_;
};

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::cerr << "usage: fleet_server NAME REGISTRY_TARGET\n";
    return 2;
  }
  const std::string name = argv[1];
  weft::Server server{
      {.listen = "127.0.0.1:0", .announce = argv[2], .announce_options = {.name = name}}};
  server.add<Adder>(name);
  server.add(weft::telemetry::server_metrics());
  server.add(weft::telemetry::admin({.listen = "127.0.0.1:0"}));
  const auto process = weft::telemetry::process_metrics();
  return weft::run(server);
}
