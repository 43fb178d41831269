#include "tools/weft/serve.h"

#include <chrono>
#include <string>

#include "weft/base/log.h"
#include "weft/net/loop/loop.h"

#include "tools/weft/call/status_text.h"

namespace weft::cli {
namespace {

constexpr Duration kStopGrace = std::chrono::seconds(10);

}  // namespace

Task<int> serve_until_stopped(Server& server, const ListenFlags& flags) {
  const Status started = server.start();
  if (!started.ok()) co_return report(started);
  for (const net::Address& address : server.addresses()) {
    log(LogLevel::Info,
        flags.server + ": listening on " + address.to_string() + (flags.tls() ? " with TLS" : ""));
  }
  const Status ended = co_await net::sleep(kForever);
  log(LogLevel::Info, flags.server + ": stopping: " + std::string(ended.message()));
  // This coroutine's own context is cancelled by now.
  Context stopping;
  co_await server.shutdown(kStopGrace).in(stopping);
  co_return 0;
}

}  // namespace weft::cli
