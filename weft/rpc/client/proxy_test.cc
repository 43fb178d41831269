// Calls through an HTTP proxy, and which proxy that is.

#include "weft/rpc/client/internal/proxy.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using ::testing::HasSubstr;
using testing::InProcess;
using ::testing::IsEmpty;

/// An HTTP proxy on a host of its own: keeps what it is asked, answers what it was made with, and
/// passes on what comes then to "server:50051".
class ScriptedProxy {
 public:
  ScriptedProxy(net::SimLoop& host, std::string answer) : host_(host), answer_(std::move(answer)) {
    Result<std::unique_ptr<net::Listener>> listener = host.listen(
        net::Address::memory(host.name(), 3128), {},
        [this](std::unique_ptr<net::Accepted> taken) { client_.begin(taken->bind_to(host_)); });
    EXPECT_TRUE(listener.ok());
    listener_ = std::move(*listener);
  }
  ~ScriptedProxy() {
    host_.enter([this] { connecting_ = Task<>(); });
  }
  const std::string& asked() const noexcept { return asked_; }

 private:
  struct End final : net::StreamHandler {
    explicit End(ScriptedProxy& of) noexcept : proxy(of) {}
    void begin(std::unique_ptr<net::Stream> made) {
      stream = std::move(made);
      stream->set_handler(this);
      on_readable();
      on_writable();
    }
    void on_readable() noexcept override {
      std::array<char, 4096> block;
      for (;;) {
        const net::IoResult result = stream->read(block);
        if (result.kind == net::IoResult::Kind::WouldBlock) return stream->want_read();
        if (result.kind != net::IoResult::Kind::Done) return;
        proxy.take(*this, {block.data(), result.size});
      }
    }
    void on_writable() noexcept override {
      while (stream != nullptr && !out.empty()) {
        const iovec slice{.iov_base = out.data(), .iov_len = out.size()};
        const net::IoResult result = stream->write({&slice, 1});
        if (result.kind == net::IoResult::Kind::WouldBlock) return stream->want_write();
        if (result.kind != net::IoResult::Kind::Done) return;
        out.erase(0, result.size);
      }
    }
    void send(std::string_view bytes) {
      out.append(bytes);
      on_writable();
    }
    ScriptedProxy& proxy;
    std::unique_ptr<net::Stream> stream;
    std::string out;
  };

  void take(End& from, std::string_view bytes) {
    if (&from == &server_) return client_.send(bytes);
    if (asked_.ends_with("\r\n\r\n")) return server_.send(bytes);
    asked_.append(bytes);
    if (!asked_.ends_with("\r\n\r\n")) return;
    client_.send(answer_);
    if (!answer_.starts_with("HTTP/1.1 2")) return client_.stream->close();
    connecting_ = join(*this);
    connecting_.start(nullptr, {[](void*) noexcept {}, nullptr});
  }
  static Task<> join(ScriptedProxy& proxy) {
    const net::Address address = net::Address::memory("server", InProcess::kPort);
    Result<std::unique_ptr<net::Stream>> stream = co_await proxy.host_.connect(address);
    if (stream.ok()) proxy.server_.begin(std::move(*stream));
  }

  net::SimLoop& host_;
  std::string answer_;
  std::string asked_;
  End client_{*this};
  End server_{*this};
  std::unique_ptr<net::Listener> listener_;
  Task<> connecting_;
};

class ThroughAProxy : public ::testing::Test {
 protected:
  void SetUp() override {
    world.add<Kinds>();
    world.start();
  }
  Result<Text> call(const std::string& answer, const std::string& option) {
    proxy.reset();
    proxy = std::make_unique<ScriptedProxy>(world.network().host("proxy"), answer);
    channel = std::make_unique<Channel>("server:50051", ChannelOptions{.proxy = option});
    Result<Text> reply =
        world.run(test::unary(*channel, text(std::string(100'000, 'x')), {.timeout = 10s}));
    channel.reset();
    world.run_for(1s);
    return reply;
  }
  std::string refusal(const std::string& answer) {
    return call(answer, "http://proxy:3128").status().to_string();
  }
  InProcess world;
  std::unique_ptr<ScriptedProxy> proxy;
  std::unique_ptr<Channel> channel;
};

TEST_F(ThroughAProxy, CallsReachTheServer) {
  Result<Text> reply =
      call("HTTP/1.1 200 Connection established\r\nVia: me\r\n\r\n", "http://proxy:3128");
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(proxy->asked(), "CONNECT server:50051 HTTP/1.1\r\nHost: server:50051\r\n\r\n");
  reply = call("HTTP/1.1 200\r\n\r\n", "user:p%40ss@proxy:3128/");
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(proxy->asked(),
            "CONNECT server:50051 HTTP/1.1\r\nHost: server:50051\r\n"
            "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n");
}

TEST_F(ThroughAProxy, ARefusalIsRepeatedInTheStatus) {
  EXPECT_EQ(refusal("HTTP/1.1 502 no such host\r\n\r\n"),
            "UNAVAILABLE: the proxy proxy:3128 (memory:proxy:3128) did not connect to "
            "server:50051: it answered HTTP/1.1 502 no such host");
  EXPECT_THAT(refusal("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
              HasSubstr("it wants a user and a password before the host of its URL"));
  EXPECT_THAT(refusal("SSH-2.0-x\r\n\r\n"), HasSubstr("its answer is not HTTP/1: SSH-2.0-x"));
  EXPECT_THAT(refusal("HTTP/1.1 50"), HasSubstr("it closed the connection"));
}

std::map<std::string, std::string> variables;
std::string fake(const char* name) { return variables[name]; }

/// The proxy's address; empty for none, else the error.
std::string chosen(const std::string& target, ChannelOptions options) {
  const Result<std::optional<net::HttpProxy>> proxy = proxy_for(target, options, &fake);
  if (!proxy.ok()) return proxy.status().to_string();
  return *proxy ? (*proxy)->address + " " + (*proxy)->authorization + " " + (*proxy)->destination
                : "";
}

TEST(Proxy, IsTheOptionsOrNone) {
  variables = {{"https_proxy", "e:1"}, {"http_proxy", "e:1"}};
  EXPECT_THAT(chosen("host:80", {}), IsEmpty());
  EXPECT_EQ(chosen("host:80", {.proxy = "p:3128"}), "p:3128  host:80");
  EXPECT_EQ(chosen("dns:///host", {.proxy = "http://u:p@[::1]:1"}), "[::1]:1 Basic dTpw host:443");
  EXPECT_EQ(chosen("host:80", {.proxy = "HTTP://p"}), "p:80  host:80");
}

TEST(Proxy, OfTheEnvironmentIsThatOfTheCallsKind) {
  const ChannelOptions plain{.proxy = "environment"};
  ChannelOptions secure = plain;
  secure.tls.emplace();
  variables = {};
  EXPECT_THAT(chosen("host:80", plain), IsEmpty());
  variables = {{"http_proxy", "http://a:1"}, {"HTTP_PROXY", "x:1"}, {"HTTPS_PROXY", "b:2"}};
  EXPECT_EQ(chosen("host:80", plain), "a:1  host:80");
  EXPECT_EQ(chosen("host:80", secure), "b:2  host:80");
  variables["https_proxy"] = "c:3";
  EXPECT_EQ(chosen("host:80", secure), "c:3  host:80");
  variables["no_proxy"] = "example.com,host";
  EXPECT_THAT(chosen("host:80", secure), IsEmpty());
  for (const std::string here : {"localhost:80", "127.0.0.1:80", "[::1]:80", "unix:/x"}) {
    EXPECT_THAT(chosen(here, plain), IsEmpty()) << here;
  }
}

TEST(Proxy, ThatCannotBeUsedIsNamedWithoutItsPassword) {
  EXPECT_EQ(chosen("host:80", {.proxy = "https://u:secret@p:1"}),
            "INVALID_ARGUMENT: ChannelOptions::proxy: 'p:1': expected "
            "http://[user:password@]host:port");
  EXPECT_THAT(chosen("host:80", {.proxy = "http://p:port"}), HasSubstr("'http://p:port'"));
  EXPECT_THAT(chosen("static:10.0.0.1:80", {.proxy = "p:1"}),
              HasSubstr("a proxy is for targets of the form host:port"));
  variables = {{"http_proxy", "ftp://p"}};
  EXPECT_THAT(chosen("host:80", {.proxy = "environment"}), HasSubstr("http_proxy: 'ftp://p'"));
}

TEST(Proxy, RefusesHostsThatAreMoreThanAName) {
  for (const std::string host :
       {"[x HTTP/1.1\r\nX-Admin: 1\r\nA: b]", "a b", "a\r\nb", "h\xc3\xb6st"}) {
    const auto proxy = proxy_for("dns:///" + host + ":443", {.proxy = "http://p:1"}, &fake);
    EXPECT_EQ(proxy.status().code(), StatusCode::InvalidArgument) << host;
  }
}

}  // namespace
}  // namespace weft::rpc
