// What a client makes of a server that does not speak HTTP, or not right, or not in time.

#include <string>

#include "weft/base/log.h"
#include "weft/http1/client/internal/test_server.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::ok;
using test::options;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Then = test::ScriptedServer::Then;
using When = test::ScriptedServer::When;

class BadServer : public test::ClientTest {
 protected:
  /// The outcome of one answer, by a client and a server of its own.
  std::string of(const std::string& answer, Then then = Then::Close) {
    net::SimNetwork fresh(7);
    test::ScriptedServer bad(fresh.host("server"), 80);
    bad.answer(answer, then);
    Client client(options());
    Result<Response> page = testing::run(fresh.host("client"), client.get("http://server/"), 10min);
    return text_of(page);
  }
};

TEST_F(BadServer, IsNotHttp) {
  for (const std::string answer :
       {"SSH-2.0-OpenSSH\r\n\r\n", "\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\na : b\r\n\r\n", "HTTP/1.1 200 OK\r\na\r\n\r\n",
        "HTTP/1.1 200 OK\r\n a: b\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"}) {
    EXPECT_THAT(of(answer), AllOf(StartsWith("INTERNAL: GET http://server/: memory:server:80: ")))
        << answer;
  }
  EXPECT_THAT(of(std::string("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", 27)), StartsWith("INTERNAL"));
}

TEST_F(BadServer, FramesItsBodyTwoWays) {
  for (const std::string fields :
       {"content-length: 1\r\ncontent-length: 2\r\n", "content-length: 1, 2\r\n",
        "content-length: -1\r\n", "content-length: +1\r\n", "content-length: 0x1\r\n",
        "content-length: 99999999999999999999\r\n",
        "content-length: 1\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n", "transfer-encoding: chunked, gzip\r\n"}) {
    EXPECT_THAT(of("HTTP/1.1 200 OK\r\n" + fields + "\r\nx"), StartsWith("INTERNAL")) << fields;
  }
  EXPECT_THAT(of("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("INTERNAL"));
}

TEST_F(BadServer, SendsChunksThatAreNone) {
  const std::string head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const std::string chunks :
       {"x\r\n", "fffffffffffffffff\r\n", "-1\r\n", "1\nx\r\n", "1\r\nxy\r\n", "1 \r\nx\r\n",
        "\r\n", "0\r\ncontent-length: 5\r\n\r\n", "0\r\nbad name: x\r\n\r\n"}) {
    EXPECT_THAT(of(head + chunks), StartsWith("INTERNAL")) << chunks;
  }
  EXPECT_THAT(of(head + "1;" + std::string(5000, 'x') + "\r\n"), HasSubstr("limit"));
}

TEST_F(BadServer, EndsTooEarly) {
  EXPECT_THAT(of(""), HasSubstr("it closed the connection where a response was due"));
  EXPECT_THAT(of("HTTP/1.1 200"), HasSubstr("where the rest of the response's head was due"));
  EXPECT_THAT(of("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc"),
              AllOf(StartsWith("UNAVAILABLE"), HasSubstr("2 bytes are missing")));
  EXPECT_THAT(of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc"),
              HasSubstr("where the rest of the body's chunks was due"));
}

TEST_F(BadServer, EndsAfterEachByte) {
  const std::string whole =
      "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(of(whole.substr(0, size)), StartsWith("UNAVAILABLE")) << size;
  }
  EXPECT_EQ(of(whole), "abc");
}

TEST_F(BadServer, IsTooLarge) {
  EXPECT_THAT(of("HTTP/1.1 200 OK\r\na: " + std::string(70'000, 'x')),
              AllOf(StartsWith("INTERNAL"), HasSubstr("65536")));
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 129; ++i) many += "a: b\r\n";
  EXPECT_THAT(of(many + "\r\n"), HasSubstr("128"));
  std::string interim;
  for (int i = 0; i < 17; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(of(interim + ok("x")), HasSubstr("more than 16 interim responses"));
}

TEST_F(BadServer, SwitchesProtocolsUnasked) {
  EXPECT_THAT(of("HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
              HasSubstr("no other protocol was asked for"));
}

TEST_F(BadServer, SpeaksAnotherProtocol) {
  EXPECT_THAT(outcome("SSH-2.0-OpenSSH_9.2\r\n", Then::Keep),
              AllOf(StartsWith("INTERNAL"),
                    HasSubstr("it does not answer in HTTP/1.1: 'SSH-2.0-OpenSSH_9.2\\r\\n'")));
}

TEST_F(BadServer, SpeaksTls) {
  EXPECT_THAT(outcome(std::string("\x15\x03\x01\x00\x02\x02\x46", 7), Then::Keep),
              HasSubstr("it does not answer in HTTP/1.1: '\\x15\\x03"));
}

TEST_F(BadServer, LeavesTheSpaceBeforeAnEmptyReasonOut) {
  EXPECT_EQ(of("HTTP/1.1 200\r\ncontent-length: 3\r\n\r\nabc"), "abc");
}

TEST_F(BadServer, SaysNothing) {
  const TimePoint begun = network.now();
  EXPECT_THAT(outcome("", Then::Keep), AllOf(StartsWith("DEADLINE_EXCEEDED"),
                                             HasSubstr("a response did not come within 30s "
                                                       "(ClientOptions::response_timeout)")));
  EXPECT_LT(network.now() - begun, 31s);
}

TEST_F(BadServer, StopsInTheBody) {
  EXPECT_THAT(outcome("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", Then::Keep),
              AllOf(StartsWith("DEADLINE_EXCEEDED"),
                    HasSubstr("nothing of the rest of the body came for 30s "
                              "(ClientOptions::stall_timeout)")));
}

/// Sends a byte a second.
struct Trickle : net::Timer {
  Trickle(net::SimLoop& of, test::ScriptedServer& to, std::string what)
      : Timer([](Timer& self) noexcept { static_cast<Trickle&>(self).next(); }),
        loop(of),
        server(to),
        bytes(std::move(what)) {}
  void next() {
    if (bytes.empty()) return;
    if (server.connections() != 0) {
      server.send(bytes.substr(0, 1));
      bytes.erase(0, 1);
    }
    loop.arm(*this, after(loop.now(), 1s));
  }
  net::SimLoop& loop;
  test::ScriptedServer& server;
  std::string bytes;
};

TEST_F(BadServer, TricklesItsHead) {
  Trickle trickle(network.host("server"), server, ok("x", "a: " + std::string(100, 'b') + "\r\n"));
  network.host("server").enter([&] { trickle.next(); });
  const TimePoint begun = network.now();
  EXPECT_THAT(text_of(get()), HasSubstr("response_timeout"));
  EXPECT_LT(network.now() - begun, 32s);
}

TEST_F(BadServer, TricklesItsBody) {
  Trickle trickle(network.host("server"), server, ok(std::string(100, 'b')));
  network.host("server").enter([&] { trickle.next(); });
  ClientOptions patient = options();
  patient.response_timeout = 10min;
  use(patient);
  const TimePoint begun = network.now();
  EXPECT_THAT(text_of(get()), HasSubstr("no whole response within 60s"));
  EXPECT_EQ(network.now() - begun, 60s);
}

TEST_F(BadServer, TakesNothingOfTheRequest) {
  server.read_nothing();
  Request request("POST", "http://server/");
  request.body(std::string(4'000'000, 'x'));
  EXPECT_THAT(text_of(send(std::move(request))),
              HasSubstr("the server has taken nothing of the request for 30s"));
}

TEST_F(BadServer, AnswersTwice) {
  server.answer(ok("one") + ok("two"));
  server.answer(ok("three"));
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(text_of(get()), "three");
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(http->stats().unasked, 1U);
}

TEST_F(BadServer, AnswersOnAnIdleConnection) {
  server.answer(ok("one"));
  EXPECT_EQ(text_of(get()), "one");
  server.send(ok("nobody asked"));
  network.run_for(1s);
  EXPECT_EQ(server.open_connections(), 0U);
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(http->stats().unasked, 1U);
}

TEST_F(BadServer, AnswersRightBeforeTheNextRequest) {
  server.answer(ok("one"));
  EXPECT_EQ(text_of(get()), "one");
  // On the way while the next request begins: it cannot be told from that one's response if it
  // arrives behind the request, and is dropped if it arrives before.
  server.send(ok("two"));
  network.run_for(10ms);
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(http->stats().unasked, 1U);
}

TEST_F(BadServer, ClosesAKeptConnection) {
  server.answer(ok("one"));
  EXPECT_EQ(text_of(get()), "one");
  server.close();
  network.run_for(1s);
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(http->stats().repeats, 0U);
}

/// Of the requests on a kept connection that ends when they arrive.
class Retrying : public test::ClientTest {
 protected:
  std::string second(Request request) {
    server.answer(ok("one"));
    server.answer("", Then::Close);
    server.answer(ok("three"));
    EXPECT_EQ(text_of(get()), "one");
    return text_of(send(std::move(request)));
  }
};

TEST_F(Retrying, RepeatsAnIdempotentRequest) {
  EXPECT_EQ(second(Request("GET", "http://server/")), "three");
  EXPECT_EQ(http->stats().repeats, 1U);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(Retrying, NeverRepeatsAPost) {
  EXPECT_THAT(second(Request("POST", "http://server/")), StartsWith("UNAVAILABLE: POST"));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(Retrying, DoesNotRepeatOnANewConnection) {
  server.answer("", Then::Close);
  server.answer(ok("two"));
  EXPECT_THAT(text_of(get()), StartsWith("UNAVAILABLE"));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(Retrying, DoesNotRepeatBehindAByteOfTheResponse) {
  server.answer(ok("one"));
  server.answer("H", Then::Close);
  server.answer(ok("three"));
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_THAT(text_of(get()), StartsWith("UNAVAILABLE"));
}

TEST_F(BadServer, ClosesWhereItSaysSo) {
  server.answer(ok("one", "connection: close\r\n"));
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(server.connections(), 2U);
}

TEST_F(BadServer, AnswersBeforeTheRequestHasEnded) {
  server.answer("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno", Then::Keep,
                When::AfterHead);
  Request request("POST", "http://server/");
  request.body(std::string(4'000'000, 'x'));
  Result<Response> page = send(std::move(request));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->status, 413);
  network.run_for(1s);
  EXPECT_EQ(server.open_connections(), 0U);
}

TEST_F(BadServer, SendsAHundredThousandTinyChunks) {
  std::string chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) chunks += "1\r\nx\r\n";
  EXPECT_EQ(of(chunks + "0\r\n\r\n").size(), 100'000U);
}

}  // namespace
}  // namespace weft::http1
