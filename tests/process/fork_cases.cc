#include "tests/process/fork_cases.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/middleware/call_key.h"
#include "weft/middleware/concurrency_limit.h"
#include "weft/middleware/rate_limit.h"
#include "weft/middleware/response_cache.h"
#include "weft/middleware/retry.h"
#include "weft/net/offload.h"
#include "weft/registry/server/registry_service.h"
#include "weft/testing/certificates.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc::test {
namespace {

using namespace std::chrono_literals;

// Enough for each of the locks to be held at one of the forks: without one of them in the fork's
// handlers, most runs fail.
constexpr int kForks = 40;
constexpr unsigned kChildSeconds = 20;

using BlockingChat = BlockingReaderWriter<Text, Text>;

/// What the parent serves, and how a channel to it is made.
struct Served {
  Server server;
  std::unique_ptr<Server> registry{};
  std::string target{};
  ChannelOptions options{.initial_backoff = 10ms, .max_backoff = 100ms};
  bool policies = false;

  std::unique_ptr<Channel> channel() const {
    auto made = std::make_unique<Channel>(target, options);
    if (!policies) return made;
    made->use(retry());
    made->use(concurrency_limit(1000));
    RateLimitOptions rate;
    rate.rate = 1e8;
    rate.key = by_method();
    made->use(rate_limit(std::move(rate)));
    ResponseCacheOptions cache;
    cache.methods = {"/test.Kinds/Unary"};
    made->use(response_cache(std::move(cache)));
    return made;
  }
};

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

std::unique_ptr<Server> start_registry() {
  Result<registry::RegistryService> service =
      registry::RegistryService::open(registry::make_memory_store());
  must(service.status());
  // Its service is to outlive it; this program ends by _exit.
  static auto* const kept = new registry::RegistryService(std::move(*service));
  auto server = std::make_unique<Server>(ServerOptions{.listen = "127.0.0.1:0"});
  server->add(kept->definition());
  must(server->start());
  return server;
}

std::unique_ptr<Served> serve(const std::string& address, const std::string& kind) {
  ServerOptions options{.listen = "127.0.0.1:0", .threads = 2};
  if (kind == "unix") options.listen = address;
  const testing::CertificateAuthority ca;
  const auto certificate = ca.server({.dns = {"localhost"}});
  if (kind == "tls") {
    options.tls = TlsServerOptions{.certificates = {{certificate.certificate, certificate.key}}};
  }
  std::unique_ptr<Server> registry;
  std::string found_at;
  if (kind == "registry") {
    registry = start_registry();
    found_at = "weft://127.0.0.1:" + std::to_string(registry->port()) + "/work";
    options.announce = found_at;
  }
  std::unique_ptr<Served> served(new Served{.server = Server(std::move(options)),
                                            .registry = std::move(registry),
                                            .target = std::move(found_at)});
  served->server.add<Kinds>();
  must(served->server.start());
  const std::string port = std::to_string(served->server.port());
  if (kind == "unix") served->target = address;
  if (kind == "dns" || kind == "policies") served->target = "dns:///localhost:" + port;
  if (kind == "tls") served->target = "localhost:" + port;
  if (kind == "tls") served->options.tls = TlsClientOptions{.ca = ca.certificate()};
  served->policies = kind == "policies";
  return served;
}

Status chat_once(Channel& channel) {
  BlockingChat chat(channel, kMethods[3], nullptr, {.timeout = 10s, .wait_for_ready = true});
  static_cast<void>(chat.write(text("a")));
  const std::optional<Text> answer = chat.read();
  const Status status = chat.finish();
  if (status.ok() && (!answer || answer->value() != "a")) return internal_error("another answer");
  return status;
}

Status call_once(Channel& channel) {
  return call(channel, "x", {.timeout = 10s, .wait_for_ready = true}).status();
}

Task<int> answer_elsewhere() {
  const auto work = [] { return 42; };
  co_return co_await net::offload(work);
}

/// What each child does: the first calls of it, each within its deadline.
int be_a_child(const Served& served, Channel& shared) {
  ::alarm(kChildSeconds);
  const Status unary = call_once(shared);
  int wrong = check(unary.ok(), "a call in the child: " + unary.to_string());
  const Status stream = chat_once(shared);
  wrong += check(stream.ok(), "a stream in the child: " + stream.to_string());
  wrong += check(shared.set_balancing({.policy = random_choice()}).ok(), "new rules");
  {
    const std::unique_ptr<Channel> own = served.channel();
    const Status status = call_once(*own);
    wrong += check(status.ok(), "a call by the child's channel: " + status.to_string());
  }
  wrong += check(net::run_blocking(shared.blocking_loop(), answer_elsewhere()) == 42, "offload");
  log(LogLevel::Debug, "the child logs");
  return wrong;
}

/// Threads that do something again and again.
class Busy {
 public:
  void add(std::function<Status()> work) {
    threads_.emplace_back([this, work = std::move(work)] {
      while (!stop_) {
        rests_.wait(true);
        const Status status = work();
        if (!status.ok()) wrong_ += check(false, "in the parent: " + status.to_string());
        ++done_;
      }
    });
  }
  void wait_for_more() const {
    const int before = done_;
    while (done_ < before + 2 && wrong_ == 0) std::this_thread::yield();
  }
  /// They begin nothing more until they go on: what the children do then has the processors.
  void rest() { rests_ = true; }
  void go_on() {
    rests_ = false;
    rests_.notify_all();
  }
  int stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    return wrong_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<bool> rests_ = false;
  std::atomic<int> done_ = 0;
  std::atomic<int> wrong_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

int check(bool good, const std::string& what) {
  if (!good) std::fprintf(stderr, "FAILED: %s\n", what.c_str());
  return good ? 0 : 1;
}

int exit_status_of(int child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int fork_while_calling(const std::string& address, const std::string& kind) {
  const std::unique_ptr<Served> served = serve(address, kind);
  const std::unique_ptr<Channel> shared = served->channel();
  set_log_sink([](LogLevel, std::string_view) {});
  set_log_level(LogLevel::Debug);
  Busy busy;
  busy.add([&] {
    log(LogLevel::Debug, "the parent logs");
    return call_once(*shared);
  });
  busy.add([&] { return chat_once(*shared); });
  busy.add([&] { return call_once(*served->channel()); });
  busy.add([&] {
    // The call, or changes would come faster than the loops follow them.
    const Status status = shared->set_balancing({.policy = random_choice()});
    return status.ok() ? call_once(*shared) : status;
  });
  int wrong = 0;
  for (int i = 0; i < kForks && wrong == 0; ++i) {
    busy.wait_for_more();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(be_a_child(*served, *shared));
    busy.rest();
    wrong += check(exit_status_of(child) == 0, "child " + std::to_string(i));
    busy.go_on();
  }
  return wrong + busy.stop();
}

int fork_with_streams(const std::string& address) {
  const std::unique_ptr<Served> served = serve(address, "unix");
  const std::unique_ptr<Channel> shared = served->channel();
  auto chat = std::make_unique<BlockingChat>(*shared, kMethods[3], nullptr, CallOptions{});
  int wrong = check(chat->write(text("a")) && chat->read().has_value(), "the first message");
  auto copy = served->channel();
  wrong += check(call_once(*copy).ok(), "a call");
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kChildSeconds);
    chat.reset();
    copy.reset();
    ::_exit(check(call_once(*shared).ok(), "a call in the child"));
  }
  wrong += check(exit_status_of(child) == 0, "the child");
  wrong += check(chat->write(text("b")) && chat->read().has_value(), "a message after the child");
  wrong += check(call_once(*copy).ok(), "a call after the child");
  return wrong + check(chat->finish().ok(), "the end of the stream");
}

int use_a_parents_stream(const std::string& address) {
  const std::unique_ptr<Served> served = serve(address, "unix");
  const std::unique_ptr<Channel> shared = served->channel();
  BlockingChat chat(*shared, kMethods[3], nullptr, CallOptions{});
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kChildSeconds);
    static_cast<void>(chat.write(text("a")));
    ::_exit(0);
  }
  return check(exit_status_of(child) == 128 + SIGABRT, "the child ended at once");
}

int fork_in_run(const std::string& address) {
  Server server({.listen = address});
  server.add<Kinds>();
  int wrong = 0;
  std::thread other([&] {
    Channel channel(address, {.initial_backoff = 10ms, .max_backoff = 50ms});
    wrong += check(call_once(channel).ok(), "a call");
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(kChildSeconds);
      ::raise(SIGTERM);
      ::_exit(1);
    }
    wrong += check(exit_status_of(child) == 128 + SIGTERM, "the child was ended by its signal");
    wrong += check(call_once(channel).ok(), "a call after the child");
    server.stop();
  });
  wrong += check(run(server) == 0, "run()");
  other.join();
  return wrong;
}

}  // namespace weft::rpc::test
