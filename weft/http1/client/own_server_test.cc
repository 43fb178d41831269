// The client and weft's own server, in virtual time.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/http1/client/client.h"
#include "weft/http1/internal/test_http.h"
#include "weft/net/loop/wait.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kServer = "http://server:50051";

/// A part every tenth of a second.
class Parts final : public BodySource {
 public:
  explicit Parts(std::size_t count) : left_(count) {}
  Task<Result<Bytes>> next() override {
    Status slept = co_await net::sleep(100ms);
    if (!slept.ok()) co_return slept;
    if (left_ == 0) co_return Bytes();
    --left_;
    co_return Bytes::copy_of(std::string(1000, 'p'));
  }

 private:
  std::size_t left_;
};

class OwnServer : public ::testing::Test {
 protected:
  explicit OwnServer(const testing::InProcess::Options& world = {}) : world_({}, world) {
    world_.world().start();
    use({});
  }
  ~OwnServer() override {
    http_.reset();
    world_.run_for(10min);
  }
  void use(ClientOptions options) {
    options.proxy = "";
    http_ = std::make_unique<Client>(std::move(options));
  }
  Result<Response> send(Request request) {
    return world_.world().run(http_->send(std::move(request)));
  }
  std::string get(std::string_view path) {
    const Result<Response> got = send(Request("GET", std::string(kServer).append(path)));
    return got.ok() ? std::to_string(got->status) + " " + std::string(got->text())
                    : got.status().to_string();
  }
  /// As get(), beside whatever else runs.
  static Task<> get_into(Client& http, std::string path, std::vector<std::string>& answers) {
    const Result<Response> got = co_await http.get(kServer + path);
    answers.push_back(got.ok() ? std::to_string(got->status) : got.status().to_string());
  }
  std::vector<std::string> get_at_once(const std::string& path, int count) {
    std::vector<std::string> answers;
    Scope scope(nullptr);
    world_.world().client_host().enter([&] {
      for (int i = 0; i < count; ++i) scope.spawn(get_into(*http_, path, answers));
    });
    world_.world().run(scope.join());
    return answers;
  }
  std::size_t connections() { return world_.world().server().active_connections(); }

  test::World world_;
  std::unique_ptr<Client> http_;
};

TEST_F(OwnServer, KeepsAConnection) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/x"), "200 GET http://server:50051/x ");
  EXPECT_EQ(http_->stats().connections, 1U);
  EXPECT_EQ(http_->stats().reuses, 9U);
  EXPECT_EQ(connections(), 1U);
}

TEST_F(OwnServer, HasAPoolOfConnections) {
  use({.max_connections = 4});
  const std::vector<std::string> answers = get_at_once("/parts", 10);
  EXPECT_THAT(answers, ::testing::Each("200"));
  EXPECT_EQ(answers.size(), 10U);
  EXPECT_EQ(http_->stats().connections, 4U);
  EXPECT_EQ(http_->stats().unasked, 0U);
}

TEST_F(OwnServer, EchoesBodiesOfAnySize) {
  for (const std::size_t size : {0UL, 1UL, 16'320UL, 16'321UL, 1'000'000UL}) {
    const std::string body(size, 'b');
    const Result<Response> got = send(Request("POST", std::string(kServer) + "/echo").body(body));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->text(), body);
    EXPECT_EQ(got->trailers.get("x-last"), "yes");
  }
  EXPECT_EQ(http_->stats().connections, 1U);
}

Task<std::size_t> echo(Client& http, Duration& first) {
  const TimePoint begun = net::Loop::current()->now();
  Request request("POST", std::string(kServer) + "/echo");
  request.body(std::make_shared<Parts>(20));
  Result<ResponseStream> stream = co_await http.open(std::move(request));
  if (!stream.ok()) co_return 0;
  std::size_t size = 0;
  for (;;) {
    const Result<Bytes> part = co_await stream->read();
    if (!part.ok() || part->empty()) break;
    if (size == 0) first = net::Loop::current()->now() - begun;
    size += part->size();
  }
  co_return size;
}

TEST_F(OwnServer, StreamsBothWaysAtTheSameTime) {
  Duration first{};
  EXPECT_EQ(world_.world().run(echo(*http_, first)), 20'000U);
  EXPECT_LT(first, Duration(300ms));
}

TEST_F(OwnServer, FinishesWhatRunsWhenItStops) {
  std::vector<std::string> answers;
  Scope scope(nullptr);
  world_.world().client_host().enter([&] { scope.spawn(get_into(*http_, "/parts", answers)); });
  world_.run_for(500ms);
  testing::run(world_.world().server_host(), world_.world().server().shutdown(30s));
  world_.world().run(scope.join());
  EXPECT_THAT(answers, ::testing::ElementsAre("200"));
  EXPECT_THAT(get("/x"), HasSubstr("UNAVAILABLE: GET http://server:50051/x: "));
}

TEST_F(OwnServer, IsAskedForNoUpgrade) {
  Request request("GET", std::string(kServer) + "/x");
  request.header("upgrade", "echo").header("connection", "upgrade");
  EXPECT_EQ(send(std::move(request)).status().code(), StatusCode::InvalidArgument);
  EXPECT_TRUE(world_.pages().seen.empty());
}

class OwnAgedServer : public OwnServer {
 protected:
  OwnAgedServer() : OwnServer(aged()) {}
  static testing::InProcess::Options aged() {
    testing::InProcess::Options options;
    options.server.max_connection_age = 3s;
    options.server.max_connection_idle = 2s;
    return options;
  }
};

TEST_F(OwnAgedServer, LosesNoRequest) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(get("/x"), "200 GET http://server:50051/x ");
    world_.run_for(i % 10 == 0 ? Duration(2500ms) : Duration(97ms));
  }
  EXPECT_GT(http_->stats().connections, 10U);
}

class OwnFullServer : public OwnServer {
 protected:
  OwnFullServer() : OwnServer(full()) {}
  static testing::InProcess::Options full() {
    testing::InProcess::Options options;
    options.server.max_calls = 2;
    return options;
  }
};

TEST_F(OwnFullServer, SaysWhenToTryAgain) {
  std::vector<std::string> answers;
  Scope scope(nullptr);
  world_.world().client_host().enter([&] {
    for (int i = 0; i < 2; ++i) scope.spawn(get_into(*http_, "/parts", answers));
  });
  world_.run_for(500ms);
  const Result<Response> refused = send(Request("GET", std::string(kServer) + "/x"));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(retry_after(*refused), Duration(1s));
  EXPECT_THAT(status_of(*refused).to_string(), HasSubstr("ServerOptions::max_calls"));
  world_.world().run(scope.join());
  EXPECT_THAT(answers, ::testing::ElementsAre("200", "200"));
  EXPECT_EQ(get("/x"), "200 GET http://server:50051/x ");
}

}  // namespace
}  // namespace weft::http1
