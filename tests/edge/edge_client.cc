// Calls a Greeter of others by the target that is given, and prints what it was told, one line for
// each call.
//
// usage: edge_client TARGET

#include <cstdio>
#include <optional>
#include <string>

#include "weft/edge/client/client_transport.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/google_status.h"

#include "greeter.weft.h"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using hello::CountRequest;
using hello::GreeterClient;
using hello::HelloReply;
using hello::HelloRequest;
using hello::Number;

void print(const std::string& name, const std::string& line) {
  std::printf("%s: %s\n", name.c_str(), line.c_str());
}

Task<> hello_to(GreeterClient& greeter, std::string line, std::string name, CallOptions options) {
  HelloRequest request;
  request.set_name(name);
  Metadata metadata;
  metadata.add("x-user", "me");
  Metadata head;
  Metadata tail;
  options.metadata = &metadata;
  options.response_metadata = &head;
  options.trailers = &tail;
  const Result<HelloReply> reply = co_await greeter.SayHello(request, options);
  std::string text = reply.ok() ? reply->message().substr(0, 40) : reply.status().to_string();
  if (const auto detail = weft::detail<HelloRequest>(reply.status()))
    text += " detail " + detail->name();
  text += " " + std::string(head.get("x-user").value_or("-"));
  text += " " + std::string(tail.get("x-served").value_or("-"));
  print(line, text);
}

Task<> count(GreeterClient& greeter, int to) {
  CountRequest request;
  request.set_to(to);
  auto reader = co_await greeter.Count(request);
  int seen = 0;
  for (;;) {
    const std::optional<Number> number = co_await reader.read();
    if (!number) break;
    ++seen;
  }
  const Status status = co_await reader.finish();
  print("count", std::to_string(seen) + " " + status.to_string());
}

Task<> sum(GreeterClient& greeter) {
  auto writer = co_await greeter.Sum();
  for (int i = 1; i <= 1000; ++i) {
    Number number;
    number.set_value(i);
    const bool written = co_await writer.write(number);
    if (!written) break;
  }
  const Result<Number> reply = co_await writer.finish();
  print("sum", reply.ok() ? std::to_string(reply->value()) : reply.status().to_string());
}

Task<> all(Channel& channel) {
  GreeterClient greeter(channel);
  co_await hello_to(greeter, "hello", "node", {});
  co_await hello_to(greeter, "compressed", std::string(3000, 'n'),
                    {.compression = Compression::Gzip});
  co_await hello_to(greeter, "error", "", {});
  co_await hello_to(greeter, "deadline", "slow", {.timeout = 200ms});
  co_await count(greeter, 5);
  co_await count(greeter, 101);
  co_await sum(greeter);
}

}  // namespace

int main(int, char** arguments) {
  Channel channel(arguments[1]);
  net::run_blocking(net::default_loops().next(), all(channel));
  return 0;
}
