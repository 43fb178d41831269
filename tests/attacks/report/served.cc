#include "tests/attacks/report/served.h"

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"

namespace weft::attacks {
namespace {

/// Unary answers with its request or, to one that begins with "error", with an error that repeats
/// it.
class Echo final : public rpc::test::Kinds {
  Task<Result<rpc::test::Text>> Unary(ServerContext&, const rpc::test::Text& request) override {
    if (!request.value().starts_with("error")) return request;
    return Result<rpc::test::Text>(invalid_argument("not wanted: " + request.value()));
  }
};

/// Answers requests with their content.
class EchoPages final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead&) const override { return true; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    static_cast<void>(exchange.begin(200));
    co_await MessageTransfer(exchange.content(), exchange.response());
  }
};

[[noreturn]] void serve(int report_to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  set_log_level(LogLevel::Off);
  Server server{{.listen = "127.0.0.1:0"}};
  server.add<Echo>();
  server.add(http1::protocol());
  server.add(std::make_shared<EchoPages>());
  const Status started = server.start();
  const std::uint16_t port = started.ok() ? server.port() : 0;
  if (::write(report_to, &port, sizeof port) != sizeof port) ::_exit(1);
  server.wait();
  ::_exit(0);
}

std::size_t memory_of(pid_t process, const std::string& what) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what + ":")) return std::stoul(line.substr(what.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

Served::Served() {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  child_ = ::fork();
  if (child_ == 0) serve(ends[1]);
  ::close(ends[1]);
  const bool told = ::read(ends[0], &port_, sizeof port_) == sizeof port_;
  ::close(ends[0]);
  if (!told || port_ == 0) throw std::runtime_error("the server has not started");
}

Served::~Served() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::size_t Served::resident() const { return memory_of(child_, "VmRSS"); }
std::size_t Served::peak() const { return memory_of(child_, "VmHWM"); }
void Served::reset_peak() const {
  std::ofstream("/proc/" + std::to_string(child_) + "/clear_refs") << "5";
}

}  // namespace weft::attacks
