#include <iostream>

#include "weft/rpc/channel.h"

#include "hello.weft.h"

int main(int argc, char* argv[]) {
  weft::Channel channel(argc > 1 ? argv[1] : "127.0.0.1:50051");
  hello::GreeterBlockingClient greeter(channel);

  hello::HelloRequest request;
  request.set_name(argc > 2 ? argv[2] : "world");
  auto reply = greeter.SayHello(request, {.timeout = std::chrono::seconds(5)});
  if (!reply.ok()) {
    std::cerr << reply.status().to_string() << '\n';
    return 1;
  }
  std::cout << reply->message() << '\n';
  return 0;
}
