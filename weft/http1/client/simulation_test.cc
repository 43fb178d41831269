// Many requests over a network that loses, delays and resets: by seed.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "weft/coro/all.h"
#include "weft/http1/client/internal/test_server.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;

std::uint64_t first_seed() {
  const char* const given = std::getenv("WEFT_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

/// The path of a request, and its body.
std::string echo_of(std::string_view request) {
  const std::size_t path = request.find(' ') + 1;
  const std::size_t body = request.find("\r\n\r\n") + 4;
  return std::string(request.substr(path, request.find(' ', path) - path)) + "|" +
         std::string(request.substr(body));
}

std::string in_chunks(const std::string& body) {
  std::string out = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const char c : body) out += std::string("1\r\n") + c + "\r\n";
  return out + "0\r\n\r\n";
}

/// One after the other; each gets its own answer, or a status.
Task<std::size_t> ask(Client& http, int asker, int count) {
  std::size_t answered = 0;
  for (int i = 0; i < count; ++i) {
    const std::string path = "/" + std::to_string(asker) + "/" + std::to_string(i);
    const std::string body = i % 2 == 0 ? std::string() : std::string(i * 1000, 'b');
    Request request(i % 2 == 0 ? "GET" : "POST", "http://server" + path);
    if (i % 2 != 0) request.body(body);
    request.timeout(20s);
    const Result<Response> page = co_await http.send(std::move(request));
    if (page.ok()) {
      ++answered;
      EXPECT_EQ(page->text(), path + "|" + body);
      continue;
    }
    const StatusCode code = page.status().code();
    EXPECT_TRUE(code == StatusCode::Unavailable || code == StatusCode::DeadlineExceeded)
        << page.status();
  }
  co_return answered;
}

Task<std::size_t> ask_beside_each_other(Client& http) {
  std::vector<Task<std::size_t>> askers;
  for (int i = 0; i < 5; ++i) askers.push_back(ask(http, i, 8));
  std::size_t sum = 0;
  for (const std::size_t one : co_await all(std::move(askers))) sum += one;
  co_return sum;
}

struct World {
  explicit World(std::uint64_t seed)
      : network(seed, {.jitter = 20ms, .segment = 700, .loss = 0.02, .reset = 0.01}) {
    server.answer_by([this](std::string_view request) {
      const std::string body = echo_of(request);
      return network.rng().uniform() < 0.5 ? test::ok(body) : in_chunks(body);
    });
  }
  net::SimNetwork network;
  test::ScriptedServer server{network.host("server"), 80};
  Client http{[] {
    ClientOptions few = test::options();
    few.max_connections = 3;
    return few;
  }()};
};

TEST(ClientSimulation, EachRequestGetsItsOwnAnswerOrAStatus) {
  std::size_t answered = 0;
  std::size_t asked = 0;
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 20; ++seed) {
    SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
    World world(seed);
    answered += testing::run(world.network.host("client"), ask_beside_each_other(world.http));
    asked += world.server.requests().size();
  }
  EXPECT_GT(answered, 400U);
  EXPECT_LT(answered, 800U);
  EXPECT_GE(asked, answered);
}

}  // namespace
}  // namespace weft::http1
