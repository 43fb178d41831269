#include <csignal>
#include <string>

#include "weft/base/log.h"
#include "weft/rpc/server.h"

namespace weft {
namespace {

/// Blocks SIGTERM and SIGINT in this thread, and in those it starts, while in scope.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  int wait() const noexcept {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace

int run(Server& server) {
  const BlockedSignals signals;
  const Status status = server.start();
  if (!status.ok()) {
    log(LogLevel::Error, status.to_string());
    return 1;
  }
  for (const net::Address& address : server.addresses()) {
    log(LogLevel::Info, "listening on " + address.to_string());
  }
  const int signal = signals.wait();
  log(LogLevel::Info, std::string("stopping: ") + (signal == SIGTERM ? "SIGTERM" : "SIGINT"));
  // A second signal is to end the program at once, so it gets its default effect back.
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
  server.stop();
  return 0;
}

}  // namespace weft
