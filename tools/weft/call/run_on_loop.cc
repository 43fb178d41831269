#include "tools/weft/call/run_on_loop.h"

#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "weft/coro/context.h"
#include "weft/net/loop/asio_loop.h"

namespace weft::cli {
namespace {

class Run {
 public:
  explicit Run(Task<int> task) : task_(std::move(task)), signals_(loop_.context()) {}

  int run() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      signals_.clear();
      loop_.enter([this, signal] { interrupt(signal); });
    });
    loop_.post([this] { task_.start(&context_, {&Run::on_done, this}); });
    loop_.run();
    return task_.take();
  }

 private:
  void interrupt(int signal) {
    context_.cancel(cancelled(signal == SIGINT ? "interrupted by the user (SIGINT)"
                                               : "the program was told to end (SIGTERM)"));
  }
  static void on_done(void* argument) noexcept {
    Run& self = *static_cast<Run*>(argument);
    // What the task's objects left to be done on the loop, closing connections, comes before.
    self.loop_.post([&self] { self.loop_.stop(); });
  }

  net::AsioLoop loop_;
  Context context_;
  Task<int> task_;
  boost::asio::signal_set signals_;
};

}  // namespace

int run_on_loop(Task<int> task) { return Run(std::move(task)).run(); }

}  // namespace weft::cli
