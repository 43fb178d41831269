// The proxy between a client and a server, all in one process and without a socket.

#include "proxy.h"

#include <gtest/gtest.h>

#include "weft/rpc/blocking.h"

#include "hello.weft.h"

namespace {

class Greeter final : public hello::GreeterService {
  weft::Task<weft::Result<hello::HelloReply>> SayHello(
      weft::ServerContext& context, const hello::HelloRequest& request) override {
    if (request.name().empty()) co_return weft::invalid_argument("name is required");
    hello::HelloReply reply;
    reply.set_message("Hello, " + request.name());
    context.trailers().add("x-greeted", request.name());
    co_return reply;
  }
};

TEST(Proxy, PassesCallsAndTheirEndsOn) {
  weft::Server backend{{.listen = "inproc:backend"}};
  backend.add<Greeter>();
  ASSERT_TRUE(backend.start().ok());
  weft::Server front{{.listen = "inproc:front", .health = false, .reflection = false}};
  front.fallback(std::make_shared<Proxy>("inproc:backend"));
  ASSERT_TRUE(front.start().ok());

  weft::Channel channel("inproc:front");
  hello::GreeterBlockingClient greeter(channel);
  hello::HelloRequest request;
  EXPECT_EQ(greeter.SayHello(request).status().message(), "name is required");
  request.set_name("you");
  weft::Metadata trailers;
  const auto reply = greeter.SayHello(request, {.trailers = &trailers});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->message(), "Hello, you");
  EXPECT_EQ(trailers.get("x-greeted"), "you");
}

}  // namespace
