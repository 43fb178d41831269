// A policy that lets a call pass allocates nothing for it once it is warm: what it keeps for a key
// is there, and the frames of its coroutines come from the pool.

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"
#include "weft/middleware/attempts/fault_injection.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/config/service_config.h"
#include "weft/middleware/limits/adaptive_limit.h"
#include "weft/middleware/limits/circuit_breaker.h"
#include "weft/middleware/limits/concurrency_limit.h"
#include "weft/middleware/limits/rate_limit.h"
#include "weft/middleware/limits/shed.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/unary_call.h"

#if !WEFT_TSAN && !WEFT_ASAN

#include "weft/testing/allocations.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::allocations;

/// Answers at once.
class Ready final : public Service {
 public:
  Task<Status> serve(Call& call) override {
    Message request;
    static_cast<void>(call.requests().poll(request));
    return Status();
  }
};

class PolicyAllocations : public ::testing::Test {
 protected:
  /// Of so many calls through `middleware`, after some others.
  std::size_t count(const Middleware& middleware, int calls = 1000) {
    MiddlewareChain chain;
    chain.add(middleware);
    std::size_t counted = 0;
    loop_.enter([&] {
      make_calls(chain, 100);
      const std::size_t before = allocations;
      make_calls(chain, calls);
      counted = allocations - before;
    });
    return counted;
  }

 private:
  void make_calls(const MiddlewareChain& chain, int calls) {
    for (int i = 0; i < calls; ++i) {
      Call call(Call::Side::Client, loop_, "/pkg.Service/Method", nullptr, nullptr);
      rpc::SingleRequest request(Message(Bytes::of_static("request")));
      rpc::SingleResponse response;
      call.share_request_metadata(metadata_);
      call.set_requests(request);
      call.set_responses(response);
      Task<Status> task = chain.serve(call, ready_);
      task.start(&call.context(), {[](void*) noexcept {}, nullptr});
      EXPECT_TRUE(task.take().ok());
    }
  }
  static Metadata user() {
    Metadata metadata;
    metadata.add("user", "ann");
    metadata.add("priority", "sheddable");
    return metadata;
  }
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  const Metadata metadata_ = user();
  Ready ready_;
};

TEST_F(PolicyAllocations, ACallThatPassesCostsNone) {
  EXPECT_EQ(count(circuit_breaker()), 0U);
  EXPECT_EQ(count(concurrency_limit(10)), 0U);
  EXPECT_EQ(count(adaptive_limit({.shares = PriorityShares{}})), 0U);
  EXPECT_EQ(count(rate_limit({.rate = 1e8})), 0U);
  EXPECT_EQ(count(rate_limit({.rate = 1e8, .key = by_metadata("user")})), 0U);
  EXPECT_EQ(count(retry()), 0U);
  EXPECT_EQ(count(shed_by_deadline()), 0U);
  EXPECT_EQ(count(shed_by_priority({.limit = 10})), 0U);
  EXPECT_EQ(count(fault_injection({.abort_share = 0})), 0U);
}

TEST_F(PolicyAllocations, LookingUpAMethodsConfigCostsNone) {
  ServiceConfigPolicy config;
  ASSERT_TRUE(config
                  .set(R"({"methodConfig": [{"name": [{"service": "pkg.Service"}],
                                            "waitForReady": true}]})")
                  .ok());
  EXPECT_EQ(count(config.middleware()), 0U);
}

// WEFT_POLICY and WEFT_CALLS: for counting instructions, as
//     valgrind --tool=callgrind bin/weft_middleware_test --gtest_filter='*ForTheInstructionCount'
TEST_F(PolicyAllocations, ForTheInstructionCount) {
  const char* const policy = std::getenv("WEFT_POLICY");
  const char* const calls = std::getenv("WEFT_CALLS");
  if (policy == nullptr || calls == nullptr) GTEST_SKIP() << "only by hand";
  ServiceConfigPolicy config;
  ASSERT_TRUE(config.set(R"({"methodConfig": [{"name": [{}], "waitForReady": true}]})").ok());
  const std::pair<std::string_view, Middleware> policies[] = {
      {"nothing", [](Call& call, Next next) { return next(call); }},
      {"circuit_breaker", circuit_breaker()},
      {"concurrency_limit", concurrency_limit(10)},
      {"adaptive_limit", adaptive_limit()},
      {"rate_limit", rate_limit({.rate = 1e8})},
      {"rate_limit_by_key", rate_limit({.rate = 1e8, .key = by_metadata("user")})},
      {"retry", retry()},
      {"shed_by_deadline", shed_by_deadline()},
      {"shed_by_priority", shed_by_priority({.limit = 10})},
      {"service_config", config.middleware()}};
  for (const auto& [name, middleware] : policies) {
    if (name != policy) continue;
    EXPECT_EQ(count(middleware, std::atoi(calls)), 0U);
  }
}

}  // namespace
}  // namespace weft

#endif
