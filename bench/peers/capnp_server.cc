// Cap'n Proto's two-party server: one thread, one event loop.
#include <capnp/ez-rpc.h>
#include <kj/async-io.h>

#include "bench/payload.h"
#include "bench/peers/server_flags.h"
#include "echo.capnp.h"

namespace {

class Echo final : public perf::capnp_echo::Echo::Server {
  kj::Promise<void> unary(UnaryContext context) override {
    const auto payload = context.getParams().getRequest().getPayload();
    bench::spin_if_asked({reinterpret_cast<const char*>(payload.begin()), payload.size()});
    context.getResults().initResponse().setPayload(payload);
    return kj::READY_NOW;
  }
};

}  // namespace

int main(int argc, char* argv[]) {
  const auto flags = bench::ServerFlags::read(argc, argv);
  capnp::EzRpcServer server(kj::heap<Echo>(), "127.0.0.1", flags.port);
  kj::WaitScope& scope = server.getWaitScope();
  bench::say_listening(static_cast<int>(server.getPort().wait(scope)));
  kj::NEVER_DONE.wait(scope);
}
