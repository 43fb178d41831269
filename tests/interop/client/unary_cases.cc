#include <array>
#include <utility>
#include <vector>

#include "weft/coro/all.h"

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"

namespace weft::interop {
namespace {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::TestServiceClient;

Task<Status> empty_unary(Session& session) {
  const Empty request;
  const Result<Empty> response = co_await session.client().EmptyCall(request);
  co_return response.status();
}

SimpleRequest large_request() {
  SimpleRequest request;
  request.set_response_size(314159);
  fill(*request.mutable_payload(), 271828);
  return request;
}

Task<Status> large_call(const TestServiceClient& client, const SimpleRequest& request) {
  const Result<SimpleResponse> response = co_await client.UnaryCall(request);
  if (!response.ok()) co_return response.status();
  co_return expect_zeros("response", request.response_size(), response->payload());
}

Task<Status> large_unary(Session& session) {
  const SimpleRequest request = large_request();
  co_return co_await large_call(session.client(), request);
}

Task<Status> concurrent_large_unary(Session& session) {
  const SimpleRequest request = large_request();
  std::vector<Task<Status>> calls;
  for (std::size_t i = 0; i < session.options().concurrent_calls; ++i) {
    calls.push_back(large_call(session.client(), request));
  }
  const std::vector<Status> outcomes = co_await all(std::move(calls));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].ok()) {
      co_return outcomes[i].with_prefix("call " + std::to_string(i) + " of " +
                                        std::to_string(outcomes.size()));
    }
  }
  co_return ok_status();
}

/// gRPC's own clients used to send this as an HTTP GET through a caching proxy. GET has no place in
/// gRPC's protocol page, so what is left to see is that the method is there and may be cached.
Task<Status> cacheable_unary(Session& session) {
  SimpleRequest request;
  const TimePoint now = net::Loop::current()->now();
  request.mutable_payload()->set_body(std::to_string(now.time_since_epoch().count()));
  Metadata sent;
  sent.add("x-user-ip", "1.2.3.4");
  Metadata received;
  const Result<SimpleResponse> response = co_await session.client().CacheableUnaryCall(
      request, {.metadata = &sent, .response_metadata = &received});
  if (!response.ok()) co_return response.status();
  if (response->payload().body().empty()) {
    co_return failed_precondition("response: expected the time as payload, got none");
  }
  co_return expect_text("cache-control", "max-age=60, public",
                        received.get("cache-control").value_or(""));
}

constexpr std::array kCases{
    TestCase{"empty_unary", empty_unary},
    TestCase{"large_unary", large_unary},
    TestCase{"concurrent_large_unary", concurrent_large_unary},
    TestCase{"cacheable_unary", cacheable_unary},
};

}  // namespace

std::span<const TestCase> unary_cases() { return kCases; }

}  // namespace weft::interop
