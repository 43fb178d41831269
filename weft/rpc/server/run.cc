#include <csignal>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/rpc/server/internal/stop_signals.h"
#include "weft/rpc/server/server.h"

namespace weft {
namespace {

/// A program that was started with standard input, output or error closed would get these numbers
/// for its sockets, and what it writes to the log would go to a client.
void open_standard_descriptors() noexcept {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest free number, which is this one.
    static_cast<void>(!::open("/dev/null", O_RDWR));
  }
}

}  // namespace

int run(Server& server) {
  open_standard_descriptors();
  rpc::StopSignals signals;
  Status status = signals.status();
  if (status.ok()) status = server.start();
  if (!status.ok()) {
    log(LogLevel::Error, status.to_string());
    return 1;
  }
  for (const net::Address& address : server.addresses()) {
    log(LogLevel::Info, "listening on " + address.to_string());
  }
  server.when_stopped([&signals] { signals.wake(); });
  signals.unblock();
  const int signal = signals.wait();
  if (signal != 0) {
    log(LogLevel::Info, std::string("stopping: ") + (signal == SIGTERM ? "SIGTERM" : "SIGINT"));
  }
  server.stop();
  return 0;
}

}  // namespace weft
