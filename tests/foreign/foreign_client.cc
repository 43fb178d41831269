// Calls Arith of a foreign server by the target that is given, and prints what it was told, one
// line for each call.
//
// usage: foreign_client TARGET

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "weft/coro/all.h"
#include "weft/foreign/go_rpc/client_transport.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/run_blocking.h"
#include "weft/rpc/channel.h"

#include "arith.weft.h"

namespace {

using namespace weft;
using namespace std::chrono_literals;
using acme::v1::CalculatorClient;
using google::protobuf::Int64Value;
using google::protobuf::StringValue;

template <class T>
void print(const char* name, const Result<T>& reply) {
  const std::string text = reply.ok() ? reply->ShortDebugString() : reply.status().to_string();
  std::printf("%s: %s\n", name, text.c_str());
}

acme::v1::Args args(std::int64_t a, std::int64_t b) {
  acme::v1::Args message;
  message.set_a(a);
  message.set_b(b);
  return message;
}

acme::v1::Order order() {
  acme::v1::Order message;
  message.set_id(-7);
  message.set_customer("Ann \"A\" O'Hara");
  acme::v1::Item& item = *message.add_items();
  item.set_name("nut");
  item.set_unit_price(0.25);
  item.set_count(4000000000);
  message.add_items()->set_name("bolt");
  (*message.mutable_tags())["x"] = 9007199254740993;
  message.set_signature(std::string("\0\xff\x80", 3));
  message.set_paid(true);
  message.mutable_gift()->set_name("washer");
  message.add_notes("one");
  message.add_notes("");
  message.set_weight(1.5F);
  message.set_total(UINT64_MAX);
  message.mutable_placed()->set_seconds(1'700'000'000);
  message.mutable_placed()->set_nanos(5);
  return message;
}

Task<Result<Int64Value>> wait(const CalculatorClient& client, std::int64_t milliseconds) {
  Int64Value request;
  request.set_value(milliseconds);
  co_return co_await client.Wait(request, {.timeout = 10s});
}

Task<> call_all(Channel& channel) {
  const CalculatorClient client(channel);
  const acme::v1::Args seven_by_eight = args(7, 8);
  print("multiply", co_await client.Multiply(seven_by_eight));
  const acme::v1::Args seventeen = args(17, 5);
  print("divide", co_await client.Divide(seventeen));
  const acme::v1::Args by_zero = args(1, 0);
  print("error", co_await client.Divide(by_zero));
  StringValue text;
  text.set_value("grün");
  print("upper", co_await client.Upper(text));
  acme::v1::Numbers numbers;
  for (int i = 1; i <= 1000; ++i) numbers.add_values(i);
  print("sum", co_await client.Sum(numbers));
  const acme::v1::Order sent = order();
  const auto echoed = co_await client.Echo(sent);
  const bool same = echoed.ok() && echoed->SerializeAsString() == sent.SerializeAsString();
  std::printf("echo: %s\n", same          ? "the same"
                            : echoed.ok() ? echoed->ShortDebugString().c_str()
                                          : echoed.status().to_string().c_str());
  std::vector<Task<Result<Int64Value>>> waits;
  for (const std::int64_t time : {60, 20, 40}) waits.push_back(wait(client, time));
  const auto waited = co_await all(std::move(waits));
  for (const auto& one : waited) print("wait", one);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Channel channel(argv[1]);
  net::run_blocking(channel.blocking_loop(), call_all(channel));
  return 0;
}
