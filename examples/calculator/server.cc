// The calculator's server: `calculator_server [ADDRESS]`. Port 0 lets the system choose one; the
// log says which. SIGTERM ends it once the calls under way have been answered.

#include "weft/rpc/server.h"

#include <string>
#include <utility>

#include "calculator.weft.h"

namespace {

using calculator::FibonacciRequest;
using calculator::Number;
using calculator::Operands;
using weft::Reader;
using weft::Result;
using weft::ServerContext;
using weft::Status;
using weft::Task;
using weft::Writer;

// The largest Fibonacci numbers that a double holds exactly are below 2^53.
constexpr unsigned kMaxFibonacci = 79;

Number number(double value) {
  Number result;
  result.set_value(value);
  return result;
}

class Calculator final : public calculator::CalculatorService {
  // These await nothing, so they are plain functions.
  Task<Result<Number>> Add(ServerContext&, const Operands& request) override {
    return number(request.a() + request.b());
  }
  Task<Result<Number>> Subtract(ServerContext&, const Operands& request) override {
    return number(request.a() - request.b());
  }
  Task<Result<Number>> Multiply(ServerContext&, const Operands& request) override {
    return number(request.a() * request.b());
  }
  Task<Result<Number>> Divide(ServerContext&, const Operands& request) override {
    if (request.b() == 0) return weft::invalid_argument("b is 0: nothing can be divided by zero");
    return number(request.a() / request.b());
  }

  // Runs while the numbers arrive: the next one is waited for without holding up anybody.
  Task<Result<Number>> Sum(ServerContext&, Reader<Number>& reader) override {
    double sum = 0;
    Number next;
    while (co_await reader.read(next)) sum += next.value();
    co_return number(sum);
  }

  // write() suspends while the client does not read, so a slow client fills no queue here.
  Task<Status> Fibonacci(ServerContext&, const FibonacciRequest& request,
                         Writer<Number>& writer) override {
    if (request.count() > kMaxFibonacci) {
      co_return weft::invalid_argument("count is " + std::to_string(request.count()) +
                                       ", at most " + std::to_string(kMaxFibonacci) +
                                       " are exact in a double");
    }
    double current = 0;
    double next = 1;
    for (unsigned i = 0; i < request.count(); ++i) {
      const Number out = number(current);
      if (!co_await writer.write(out)) co_return writer.status();
      current = std::exchange(next, current + next);
    }
    co_return weft::ok_status();
  }
};

}  // namespace

int main(int argc, char* argv[]) {
  weft::ServerOptions options;
  options.listen = argc > 1 ? argv[1] : "127.0.0.1:50051";
  weft::Server server(options);
  server.add<Calculator>();
  return weft::run(server);
}
