// Deadlines and cancellation in one program: a worker, a front that calls the worker, and clients
// that lose patience. The addresses are in memory; with host:port it is the same.

#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

#include "weft/coro/any.h"
#include "weft/middleware/timeout.h"
#include "weft/net/loop.h"
#include "weft/net/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "deadlines.weft.h"

using namespace std::chrono_literals;
using deadlines::Done;
using deadlines::Work;
using weft::Result;
using weft::ServerContext;
using weft::Status;
using weft::Task;

namespace {

class Worker final : public deadlines::WorkerService {
  Task<Result<Done>> Do(ServerContext&, const Work& work) override {
    // Ends early, and says why, when the client cancels or the deadline passes.
    const Status slept = co_await weft::net::sleep(std::chrono::milliseconds(work.milliseconds()));
    if (!slept.ok()) {
      std::cout << "worker: " << slept.to_string() << std::endl;
      co_return slept;
    }
    co_return Done();
  }
};

class Front final : public deadlines::WorkerService {
 public:
  explicit Front(weft::Service& back) : worker_(back) {}

 private:
  Task<Result<Done>> Do(ServerContext& context, const Work& work) override {
    std::cout << "front: " << (context.time_left() < 1h ? "a deadline came along" : "no deadline")
              << std::endl;
    // No parameter carries the deadline: the call inherits what is left of it.
    co_return co_await worker_.Do(work);
  }

  deadlines::WorkerClient worker_;
};

Task<Status> call(deadlines::WorkerClient& client, Work work, weft::Duration timeout) {
  const Result<Done> done = co_await client.Do(work, {.timeout = timeout});
  std::cout << "client: " << done.status().to_string() << std::endl;
  co_return done.status();
}

/// Two calls race; the slower one is cancelled, at the worker too.
Task<Status> race(deadlines::WorkerClient& client) {
  Work quick;
  quick.set_milliseconds(1);
  Work slow;
  slow.set_milliseconds(60'000);
  std::vector<Task<Status>> calls;
  calls.push_back(call(client, quick, weft::kForever));
  calls.push_back(call(client, slow, weft::kForever));
  const weft::First<Status> first = co_await weft::any(std::move(calls));
  co_return first.value();
}

}  // namespace

int main() {
  weft::Server worker{{.listen = "memory:worker"}};
  worker.add<Worker>();
  weft::Channel to_worker("memory:worker");

  weft::Server front{{.listen = "memory:front"}};
  front.use(weft::timeout(10s));  // nothing takes longer here, whatever the client asks for
  front.add<Front>(to_worker);
  weft::Channel to_front("memory:front");
  deadlines::WorkerClient client(to_front);

  for (weft::Server* server : {&worker, &front}) {
    const Status started = server->start();
    if (started.ok()) continue;
    std::cerr << started.to_string() << '\n';
    return 1;
  }

  Work work;
  work.set_milliseconds(60'000);
  weft::net::Loop& loop = to_front.blocking_loop();
  const Status late = weft::net::run_blocking(loop, call(client, work, 50ms));
  const Status won = weft::net::run_blocking(loop, race(client));
  const bool right = late.code() == weft::StatusCode::DeadlineExceeded && won.ok();
  return right ? 0 : 1;
}
