#pragma once

#include <chrono>

#include "weft/base/text/ascii.h"
#include "weft/net/loop.h"
#include "weft/net/wait.h"
#include "weft/rpc/server.h"

#include "arith.weft.h"

namespace weft::foreign_tests {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

inline Int64Value number(std::int64_t value) {
  Int64Value message;
  message.set_value(value);
  return message;
}

/// Arith of the Go programs, in C++.
class Calculator final : public acme::v1::CalculatorService {
 public:
  Task<Result<Int64Value>> Multiply(ServerContext&, const acme::v1::Args& args) override {
    return number(args.a() * args.b());
  }
  Task<Result<acme::v1::Quotient>> Divide(ServerContext&, const acme::v1::Args& args) override {
    if (args.b() == 0) return invalid_argument("divide by zero");
    acme::v1::Quotient reply;
    reply.set_quo(args.a() / args.b());
    reply.set_rem(args.a() % args.b());
    return reply;
  }
  Task<Result<StringValue>> Upper(ServerContext&, const StringValue& request) override {
    StringValue reply;
    reply.set_value(ascii::upper(request.value()));
    return reply;
  }
  Task<Result<Int64Value>> Sum(ServerContext&, const acme::v1::Numbers& request) override {
    std::int64_t sum = 0;
    for (const std::int64_t value : request.values()) sum += value;
    return number(sum);
  }
  Task<Result<acme::v1::Order>> Echo(ServerContext&, const acme::v1::Order& order) override {
    return order;
  }
  /// Answers after so many milliseconds.
  Task<Result<Int64Value>> Wait(ServerContext&, const Int64Value& request) override {
    return wait(request);
  }

 private:
  static Task<Result<Int64Value>> wait(Int64Value request) {
    net::Loop& loop = *net::Loop::current();
    net::Wait wait(loop, after(loop.now(), std::chrono::milliseconds(request.value())));
    const Status waited = co_await wait;
    if (!waited.ok()) co_return waited;
    co_return request;
  }
};

}  // namespace weft::foreign_tests
