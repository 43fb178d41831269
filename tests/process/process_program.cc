// What process_test starts: a server that does to its process what a call asks for, or one of
// several programs that see for themselves whether all is well and say so by their exit status.

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/net/offload.h"

#include "tests/process/fork_cases.h"
#include "tests/rpc/echo_service.h"

namespace weft::rpc::test {
namespace {

using namespace std::chrono_literals;

/// "word number" of a request.
struct Command {
  explicit Command(std::string_view text) {
    const std::size_t space = text.find(' ');
    word = text.substr(0, space);
    if (space != std::string_view::npos) {
      std::from_chars(text.data() + space + 1, text.data() + text.size(), number);
    }
  }
  std::string_view word;
  std::uint64_t number = 0;
};

std::string standard_descriptors() {
  std::string all;
  for (const char* path : {"/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"}) {
    char target[256];
    const ssize_t size = ::readlink(path, target, sizeof(target));
    all.append(size < 0 ? "none" : std::string_view(target, static_cast<std::size_t>(size)));
    all.append(" ");
  }
  return all;
}

class Obedient final : public Kinds {
 public:
  explicit Obedient(Server& server) : server_(server) {}
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return obey(*this, request);
  }

 private:
  static Task<Result<Text>> obey(Obedient& self, const Text& request) {
    const Command command(request.value());
    if (command.word == "sleep") {
      ++self.sleeping_;
      const Status status =
          co_await net::sleep(std::chrono::milliseconds(static_cast<long>(command.number)));
      --self.sleeping_;
      if (!status.ok()) co_return status;
    }
    if (command.word == "sleeping") co_return text(std::to_string(self.sleeping_));
    if (command.word == "descriptors") co_return text(standard_descriptors());
    if (command.word == "log") {
      for (std::uint64_t i = 0; i < command.number; ++i) log(LogLevel::Warn, std::string(100, 'x'));
      co_return text(std::to_string(log_lines_lost()));
    }
    if (command.word == "allocate") {
      const std::vector<char> memory(command.number);
      co_return text(std::to_string(memory.size()));
    }
    if (command.word == "stop") self.server_.stop(5s);
    if (command.word == "shutdown") {
      co_await self.server_.shutdown(std::chrono::milliseconds(static_cast<long>(command.number)));
      co_return text("not reached before the end");
    }
    co_return request;
  }

  Server& server_;
  std::atomic<int> sleeping_ = 0;
};

void limit(int resource, rlim_t most) {
  rlimit now{};
  getrlimit(static_cast<__rlimit_resource>(resource), &now);
  now.rlim_cur = most;
  setrlimit(static_cast<__rlimit_resource>(resource), &now);
}

int serve(const std::string& address, const std::string& how, std::uint64_t number) {
  if (how == "files") limit(RLIMIT_NOFILE, number);
  if (how == "memory") limit(RLIMIT_AS, number);
  if (how == "file_size") limit(RLIMIT_FSIZE, number);
  std::unique_ptr<Channel> channel;
  if (how == "call_first") {
    // Starts the thread of blocking calls, which knows nothing of what run() wants to do with
    // signals.
    channel = std::make_unique<Channel>("unix:/nonexistent/socket");
    if (call(*channel, "x").ok()) return 3;
  }
  Server server({.listen = address, .threads = 2});
  server.add<Obedient>(server);
  return run(server);
}

/// A server and a channel that exist but were not used, in both processes.
int fork_before_use(const std::string& address) {
  Server server;
  server.add<Kinds>();
  Channel channel(address);
  const pid_t child = ::fork();
  if (child != 0) return check(exit_status_of(child) == 0, "the child");
  server.listen(address);
  const Status started = server.start();
  const Result<Text> reply = call(channel, "x", {.timeout = 20s});
  server.stop();
  ::_exit(check(started.ok(), started.to_string()) + check(reply.ok(), reply.status().to_string()));
}

Task<int> answer_elsewhere() {
  const auto work = [] { return 42; };
  co_return co_await net::offload(work);
}

/// The parent's server and client are at work when it forks; the child calls that server.
int fork_in_use(const std::string& address) {
  Server server({.listen = address});
  server.add<Kinds>();
  Channel channel(address);
  if (!server.start().ok() || !call(channel, "x", {.timeout = 20s}).ok()) return 2;
  const pid_t child = ::fork();
  if (child == 0) {
    const Result<Text> reply = call(channel, "x", {.timeout = 20s});
    const int answer = net::run_blocking(channel.blocking_loop(), answer_elsewhere());
    log(LogLevel::Info, "the child logs");
    ::_exit(check(reply.ok(), reply.status().to_string()) +
            check(answer == 42, "offload in the child"));
  }
  const int after = check(call(channel, "x", {.timeout = 20s}).ok(), "the parent's next call");
  return after + check(exit_status_of(child) == 0, "the child");
}

/// A client that has no descriptor left keeps the connections it has.
int starved_client(const std::string& address) {
  Channel there(address);
  if (!call(there, "x", {.timeout = 20s}).ok()) return 2;
  limit(RLIMIT_NOFILE, 64);
  std::vector<int> taken;
  for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(fd);
  Channel fresh(address, {.initial_backoff = 10ms});
  const Status refused = call(fresh, "x", {.timeout = 20s}).status();
  int wrong = check(refused.code() == StatusCode::Unavailable &&
                        refused.message().find("too many open files") != std::string_view::npos,
                    refused.to_string());
  wrong += check(call(there, "x", {.timeout = 20s}).ok(), "the connection that was there");
  Server server({.listen = "127.0.0.1:0"});
  server.add<Kinds>();
  const Status not_started = server.start();
  wrong += check(not_started.code() == StatusCode::ResourceExhausted, not_started.to_string());
  wrong += check(run(server) == 1, "run() without a descriptor");
  for (const int fd : taken) ::close(fd);
  const Status later = call(fresh, "x", {.timeout = 20s, .wait_for_ready = true}).status();
  wrong += check(later.ok(), later.to_string());
  const Status started = server.start();
  return wrong + check(started.ok(), started.to_string());
}

/// Blocks its thread, for ever.
class Blocking final : public Kinds {
 public:
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    began.set_value();
    std::promise<void>().get_future().wait();
    return request;
  }
  std::promise<void> began;
};

/// A server is stopped while a handler blocks the thread of its one loop. What the call refers to
/// is never freed, since it never ends.
int stop_a_blocked_server(const std::string& address) {
  auto* const channel = new Channel(address);
  auto server = std::make_unique<Server>(ServerOptions{.listen = address});
  Blocking& handler = server->add<Blocking>();
  const Status started = server->start();
  std::thread calling([channel] { static_cast<void>(call(*channel, "x", {.timeout = 1min})); });
  calling.detach();
  handler.began.get_future().wait();
  server->stop(0s);
  server.reset();
  return check(started.ok(), started.to_string());
}

int main(const std::vector<std::string>& arguments) {
  const std::string& mode = arguments.at(0);
  const std::string& address = arguments.at(1);
  if (mode == "serve") {
    return serve(address, arguments.at(2), std::strtoull(arguments.at(3).c_str(), nullptr, 10));
  }
  if (mode == "fork_before_use") return fork_before_use(address);
  if (mode == "fork_in_use") return fork_in_use(address);
  if (mode == "fork_while_calling") return fork_while_calling(address, arguments.at(2));
  if (mode == "fork_with_streams") return fork_with_streams(address);
  if (mode == "use_a_parents_stream") return use_a_parents_stream(address);
  if (mode == "fork_in_run") return fork_in_run(address);
  if (mode == "starved_client") return starved_client(address);
  if (mode == "stop_a_blocked_server") return stop_a_blocked_server(address);
  return 99;
}

}  // namespace
}  // namespace weft::rpc::test

int main(int count, char** arguments) {
  // A program that hangs is to end, whatever becomes of its parent.
  ::alarm(120);
  return weft::rpc::test::main({arguments + 1, arguments + count});
}
