// Calls the calculator from coroutines: `calculator_client [ADDRESS]`.

#include <iostream>
#include <optional>
#include <string>

#include "weft/net/loop_thread.h"
#include "weft/rpc/channel.h"

#include "calculator.weft.h"

namespace {

using calculator::CalculatorClient;
using calculator::FibonacciRequest;
using calculator::Number;
using calculator::Operands;
using weft::Result;
using weft::Status;
using weft::Task;

Operands operands(double a, double b) {
  Operands result;
  result.set_a(a);
  result.set_b(b);
  return result;
}

std::string text_of(const Result<Number>& answer) {
  if (!answer.ok()) return answer.status().to_string();
  std::string text = std::to_string(answer->value());
  text.erase(text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

Task<Status> unary(const CalculatorClient& client) {
  const Operands request = operands(7, 6);
  const Result<Number> sum = co_await client.Add(request);
  std::cout << "Add(7, 6) = " << text_of(sum) << '\n';
  // 200 ms for this call, whatever the caller's own deadline allows beyond.
  const Result<Number> product =
      co_await client.Multiply(request, {.timeout = std::chrono::milliseconds(200)});
  std::cout << "Multiply(7, 6) = " << text_of(product) << '\n';

  const Operands by_zero = operands(7, 0);
  const Result<Number> quotient = co_await client.Divide(by_zero);
  std::cout << "Divide(7, 0): " << text_of(quotient) << '\n';
  co_return sum.ok() ? product.status() : sum.status();
}

Task<Status> client_streaming(const CalculatorClient& client) {
  auto stream = co_await client.Sum();
  Number next;
  for (int i = 1; i <= 10; ++i) {
    next.set_value(i);
    if (!co_await stream.write(next)) break;  // the call is over; finish() says why
  }
  const Result<Number> sum = co_await stream.finish();
  std::cout << "Sum(1 to 10) = " << text_of(sum) << '\n';
  co_return sum.status();
}

Task<Status> server_streaming(const CalculatorClient& client) {
  FibonacciRequest request;
  request.set_count(12);
  auto stream = co_await client.Fibonacci(request);
  std::cout << "Fibonacci(12) =";
  while (std::optional<Number> next = co_await stream.read()) std::cout << ' ' << text_of(*next);
  std::cout << '\n';
  co_return co_await stream.finish();
}

Task<Status> everything(const CalculatorClient& client) {
  Status status = co_await unary(client);
  if (status.ok()) status = co_await client_streaming(client);
  if (status.ok()) status = co_await server_streaming(client);
  co_return status;
}

}  // namespace

int main(int argc, char* argv[]) {
  weft::Channel channel(argc > 1 ? argv[1] : "127.0.0.1:50051");
  const CalculatorClient client(channel);
  // The coroutine runs on one of the process's loops while main() waits for it.
  const Status status = weft::net::run_blocking(channel.blocking_loop(), everything(client));
  if (!status.ok()) std::cerr << status.to_string() << '\n';
  return status.ok() ? 0 : 1;
}
