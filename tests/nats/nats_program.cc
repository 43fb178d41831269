// A server and a client over NATS, for tests with programs of others:
//
//     nats_program serve URL                  until standard input ends
//     nats_program call URL ITEM COUNT MS     prints the reply or the status, metadata and trailers

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "tests/nats/orders_service.h"
#include "tests/peers/serve_peers.h"

namespace weft::test {
namespace {

int serve(const std::string& url) {
  Server server{{.listen = url}};
  server.add<Orders>();
  return serve_peers(server);
}

void print(const char* what, const Metadata& metadata) {
  for (const Metadata::Entry entry : metadata) {
    std::cout << what << " " << entry.name << "=" << entry.value << "\n";
  }
}

Task<int> place(Channel& channel, store::OrderRequest request, Duration timeout) {
  Metadata sent;
  sent.add("x-user", "weft");
  sent.add("x-raw-bin", std::string_view("\0\xff", 2));
  Metadata head;
  Metadata tail;
  const CallOptions options{
      .timeout = timeout, .metadata = &sent, .response_metadata = &head, .trailers = &tail};
  const store::OrdersClient orders(channel);
  const Result<store::OrderReply> reply = co_await orders.Place(request, options);
  if (reply.ok()) {
    std::cout << "reply " << reply->text() << "\n";
  } else {
    std::cout << "status " << reply.status() << "\n"
              << "details " << reply.status().details() << "\n";
  }
  print("head", head);
  print("tail", tail);
  co_return 0;
}

int call(const std::string& url, char** words) {
  store::OrderRequest request;
  request.set_item(words[0]);
  request.set_count(static_cast<std::uint32_t>(std::atoi(words[1])));
  Channel channel(url);
  const Duration timeout = std::chrono::milliseconds(std::atoi(words[2]));
  return net::run_blocking(channel.blocking_loop(), place(channel, std::move(request), timeout));
}

}  // namespace
}  // namespace weft::test

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "serve") return weft::test::serve(argv[2]);
  if (what == "call" && argc == 6) return weft::test::call(argv[2], argv + 3);
  std::cerr << "usage: nats_program serve URL | call URL ITEM COUNT MS\n";
  return 2;
}
