// Attacks over HTTP/1.1, on a port that serves gRPC to others.

#include <memory>
#include <string>
#include <vector>

#include "weft/http1/server/protocol.h"
#include "weft/rpc/http_handler.h"

#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPost =
    "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Reads, writes without end, or ignores what is sent, by the path.
class Pages final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override { return head.path != "/nothing"; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    ++begun;
    if (exchange.head().path == "/read") return read(*this, exchange);
    if (exchange.head().path == "/write") return write(*this, exchange);
    return ignore(exchange);
  }
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::atomic<std::size_t> bytes = 0;

 private:
  static Task<> read(Pages& self, rpc::HttpExchange& exchange) {
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      self.bytes += part->size();
    }
    ++self.ended;
    static_cast<void>(co_await exchange.respond(200, "text/plain", "read"));
  }
  static Task<> write(Pages& self, rpc::HttpExchange& exchange) {
    const Message part(Bytes::copy_of(std::string(16'000, 'w')));
    for (;;) {
      const bool taken = co_await exchange.response().write(part);
      if (!taken) break;
      self.bytes += part.size();
    }
    ++self.ended;
  }
  static Task<> ignore(rpc::HttpExchange& exchange) {
    static_cast<void>(co_await exchange.respond(200, "text/plain", "ignored"));
  }
};

class Http1Victim {
 public:
  explicit Http1Victim(http1::ProtocolOptions options = {}, ServerOptions server = {})
      : victim_(std::move(server), {}, [this, options](Server& one) {
          one.add(http1::protocol(options));
          one.add(pages);
        }) {}
  Attacker attacker() { return Attacker(victim_.port(), Attacker::Hello::Nothing); }
  Victim& operator*() noexcept { return victim_; }
  Victim* operator->() noexcept { return &victim_; }
  const std::shared_ptr<Pages> pages = std::make_shared<Pages>();

 private:
  Victim victim_;
};

void expect_closed_after(Attacker& attacker, const std::string& bytes) {
  attacker.send(bytes);
  EXPECT_TRUE(attacker.wait_closed());
  EXPECT_GT(attacker.received(), 0U);
}

TEST(Http1SlowHeads, LoseTheirConnections) {
  Http1Victim victim({.head_timeout = 300ms}, {.handshake_timeout = 300ms});
  std::vector<Attacker> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(victim.attacker());
  for (int i = 0; i < 10; ++i) {
    for (Attacker& one : slow) one.send("G");
    victim->serves_on(3);
  }
  for (Attacker& one : slow) EXPECT_TRUE(one.wait_closed());
  EXPECT_EQ(victim.pages->begun, 0);
}

TEST(Http1SlowContent, LosesItsConnection) {
  Http1Victim victim({.content_timeout = 300ms});
  Attacker attacker = victim.attacker();
  expect_closed_after(attacker, std::string(kPost) + "5\r\nab");
  victim->serves_on();
  EXPECT_EQ(victim.pages->ended, 1);
}

TEST(Http1SlowContent, ByTheByteLosesItsConnection) {
  Http1Victim victim({.content_timeout = 500ms, .min_content_rate = 100'000});
  Attacker attacker = victim.attacker();
  attacker.send(std::string(kPost) + "fffff\r\n");
  // Each byte comes well within the time between bytes.
  for (int i = 0; i < 10'000 && victim.pages->ended == 0; ++i) {
    attacker.send("x");
    victim->serves_on(3);
  }
  EXPECT_EQ(victim.pages->ended, 1);
  EXPECT_TRUE(attacker.wait_closed());
}

TEST(Http1SlowRead, LosesItsConnection) {
  Http1Victim victim({.write_timeout = 500ms});
  Attacker attacker = victim.attacker();
  attacker.send("GET /write HTTP/1.1\r\nHost: a\r\n\r\n", Attacker::Reading::No);
  victim->outlive([&] { return; }, 100);
  while (victim.pages->ended == 0) victim->serves_on(5);
  EXPECT_LT(victim.pages->bytes, 32'000'000U);
}

TEST(Http1HeaderBomb, IsRefusedAtItsLimit) {
  Http1Victim victim;
  victim->outlive([&] {
    Attacker many = victim.attacker();
    many.send("GET / HTTP/1.1\r\nHost: a\r\n" + repeat("a: b\r\n", 100'000));
    EXPECT_TRUE(many.wait_closed());
    Attacker large = victim.attacker();
    large.send("GET / HTTP/1.1\r\nHost: a\r\na: " + std::string(1'000'000, 'x'));
    EXPECT_TRUE(large.wait_closed());
  });
  EXPECT_EQ(victim.pages->begun, 0);
}

TEST(Http1TinyChunks, AreJoined) {
  Http1Victim victim;
  Attacker attacker = victim.attacker();
  attacker.send(std::string(kPost) + repeat("1\r\nx\r\n", 100'000) + "0\r\n\r\n");
  while (victim.pages->ended == 0) victim->serves_on(5);
  EXPECT_EQ(victim.pages->bytes, 100'000U);
}

TEST(Http1Extensions, AreBounded) {
  Http1Victim victim;
  Attacker one = victim.attacker();
  expect_closed_after(one, std::string(kPost) + "1;" + std::string(1000, 'x'));
  Attacker many = victim.attacker();
  expect_closed_after(many, std::string(kPost) + repeat("1;aaaaaaaaaaaaaaa\r\nx\r\n", 10'000));
  victim->serves_on();
}

TEST(Http1UnreadContent, IsNotHeld) {
  Http1Victim victim;
  victim->outlive([&] {
    Attacker attacker = victim.attacker();
    attacker.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" +
                  std::string(2'000'000, 'x'));
    EXPECT_TRUE(attacker.wait_closed());
  });
}

TEST(Http1Pipelining, LeavesOthersTheirTurn) {
  Http1Victim victim;
  const std::string many = repeat("GET /ignore HTTP/1.1\r\nHost: a\r\n\r\n", 5000);
  Attacker attacker = victim.attacker();
  victim->outlive([&] { attacker.send(many); }, 100);
  EXPECT_GT(victim.pages->begun, 1000);
}

TEST(Http1Smuggling, HidesNothing) {
  Http1Victim victim;
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST /ignore HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& fields :
       {"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
        "Content-Length: 0\r\nContent-Length: 9\r\n\r\n" + hidden,
        "a: b\rTransfer-Encoding: chunked\r\n\r\n" + hidden}) {
    Attacker attacker = victim.attacker();
    expect_closed_after(attacker, post + fields);
  }
  EXPECT_EQ(victim.pages->begun, 0);
}

}  // namespace
}  // namespace weft::attacks
