#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/transaction/idempotency/idempotency_key.h"
#include "weft/transaction/idempotency/idempotent.h"
#include "weft/transaction/idempotency/memory_replies.h"

namespace weft::transaction {
namespace {

constexpr MethodDescriptor kPay{.name = "Pay", .path = "/bank.Bank/Pay"};

class Answering final : public Service {
 public:
  Task<Status> serve(Call& call) override {
    const Message message(reply_);
    static_cast<void>(call.responses().offer(message));
    return Status();
  }

 private:
  Bytes reply_ = Bytes::copy_of(std::string(32, 'r'));
};

/// A call of a handler that answers at once, with `idempotent()` in front of it and so many replies
/// in memory; 0: without it. Every key is new, and the oldest reply goes.
void BM_Call(benchmark::State& state) {
  net::SimNetwork network(1);
  net::SimLoop& loop = network.host("here");
  Answering service;
  MiddlewareChain chain;
  MemoryRepliesOptions room;
  room.max_entries = static_cast<std::size_t>(state.range(0));
  if (state.range(0) != 0) chain.add(idempotent(std::make_shared<MemoryReplies>(room)));
  const Bytes request = Bytes::copy_of(std::string(64, 'q'));
  std::string key = "6f1b1e0c-1111-4222-8333-000000000000";
  std::uint64_t number = 0;
  loop.enter([&] {
    for (auto _ : state) {
      const std::string digits = std::to_string(++number);
      key.replace(key.size() - digits.size(), digits.size(), digits);
      rpc::SingleRequest requests{Message(request)};
      rpc::SingleResponse responses;
      Call call(Call::Side::Server, loop, kPay.path, &kPay, nullptr);
      call.set_requests(requests);
      call.set_responses(responses);
      call.request_metadata().add(kIdempotencyKey, key);
      Task<Status> task = chain.serve(call, service);
      task.start(&call.context(), {[](void*) noexcept {}, nullptr});
      benchmark::DoNotOptimize(task.take());
    }
  });
}
BENCHMARK(BM_Call)->Arg(0)->Arg(1'000)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace weft::transaction
