// Calls the calculator from a plain thread: `calculator_blocking_client [ADDRESS]`.

#include <iostream>
#include <optional>

#include "weft/rpc/channel.h"

#include "calculator.weft.h"

namespace {

using calculator::CalculatorBlockingClient;
using calculator::FibonacciRequest;
using calculator::Number;
using calculator::Operands;
using weft::Result;
using weft::Status;

Status subtract(const CalculatorBlockingClient& client) {
  Operands request;
  request.set_a(50);
  request.set_b(8);
  const Result<Number> answer = client.Subtract(request, {.timeout = std::chrono::seconds(5)});
  if (answer.ok()) std::cout << "Subtract(50, 8) = " << answer->value() << '\n';
  return answer.status();
}

Status sum(const CalculatorBlockingClient& client) {
  auto stream = client.Sum();
  Number next;
  for (const double value : {0.5, 0.25, 0.125}) {
    next.set_value(value);
    if (!stream.write(next)) break;
  }
  const Result<Number> answer = stream.finish();
  if (answer.ok()) std::cout << "Sum(0.5, 0.25, 0.125) = " << answer->value() << '\n';
  return answer.status();
}

Status fibonacci(const CalculatorBlockingClient& client) {
  FibonacciRequest request;
  request.set_count(10);
  auto stream = client.Fibonacci(request);
  std::cout << "Fibonacci(10) =";
  while (std::optional<Number> next = stream.read()) std::cout << ' ' << next->value();
  std::cout << '\n';
  return stream.finish();
}

}  // namespace

int main(int argc, char* argv[]) {
  weft::Channel channel(argc > 1 ? argv[1] : "127.0.0.1:50051");
  const CalculatorBlockingClient client(channel);
  for (const auto call : {&subtract, &sum, &fibonacci}) {
    const Status status = call(client);
    if (status.ok()) continue;
    std::cerr << status.to_string() << '\n';
    return 1;
  }
  return 0;
}
