// A protocol of a user's own beside HTTP/2 on one port.

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/socket/stream_io.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/protocol/wire_protocol.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

/// "CALL text\n" makes a call of test.Kinds/Unary, and its answer comes back as a line.
class Lines final : public WireProtocol {
 public:
  static constexpr std::string_view kAlpn[] = {"lines/1"};
  std::string name() const override { return "the line protocol"; }
  std::span<const std::string_view> alpn() const noexcept override { return kAlpn; }
  Match matches(std::string_view bytes) const noexcept override {
    constexpr std::string_view kBegin = "CALL ";
    if (bytes.size() >= kBegin.size()) {
      return bytes.starts_with(kBegin) ? Match::Yes : Match::No;
    }
    return kBegin.starts_with(bytes) ? Match::NeedMore : Match::No;
  }
  Task<> serve(WireConnection& connection) override { return serve_lines(*this, connection); }

  static Task<> serve_lines(Lines& self, WireConnection& connection) {
    ++self.connections;
    std::string input;
    std::array<char, 256> buffer;
    for (;;) {
      const Result<std::size_t> read = co_await connection.read(buffer);
      if (!read.ok() || *read == 0) break;
      input.append(buffer.data(), *read);
      for (std::size_t end = input.find('\n'); end != std::string::npos; end = input.find('\n')) {
        const std::string line = input.substr(0, end);
        input.erase(0, end + 1);
        if (line == "CALL throw") throw std::runtime_error("secret");
        const std::string answer = co_await call(connection, line.substr(5)) + "\n";
        const Status written = co_await connection.write(answer);
        if (!written.ok()) break;
      }
      if (connection.draining()) break;
    }
    ++self.ended;
  }
  static Task<std::string> call(WireConnection& connection, std::string request) {
    Call call(Call::Side::Server, connection.loop(), "/test.Kinds/Unary", nullptr, nullptr);
    const Text message = text(request);
    SingleRequest requests(message);
    SingleResponse responses;
    call.set_requests(requests);
    call.set_responses(responses);
    call.set_peer(connection.peer());
    Status status = co_await connection.dispatcher().serve(call).in(call.context());
    Text response;
    status = responses.finish(std::move(status), response);
    co_return status.ok() ? response.value() : status.to_string();
  }

  int connections = 0;
  int ended = 0;
};

/// A protocol that never knows.
class Undecided final : public WireProtocol {
 public:
  std::string name() const override { return "the undecided"; }
  Match matches(std::string_view) const noexcept override { return Match::NeedMore; }
  Task<> serve(WireConnection&) override { return {}; }
};

Task<std::string> talk(net::Loop& loop, net::Stream& stream, std::string request) {
  net::StreamIo io(loop, stream);
  Status written = co_await io.write(request);
  if (!written.ok()) co_return written.to_string();
  std::string answer;
  std::array<char, 256> buffer;
  while (answer.find('\n') == std::string::npos) {
    const Result<std::size_t> read = co_await io.read(buffer);
    if (!read.ok()) co_return read.status().to_string();
    if (*read == 0) co_return answer + "(end)";
    answer.append(buffer.data(), *read);
  }
  co_return answer;
}

class Protocols : public ::testing::Test {
 protected:
  explicit Protocols(InProcess::Options options = {}) : world_(std::move(options)) {
    world_.add<Kinds>();
    world_.server().add(lines_);
  }
  std::unique_ptr<net::Stream> connect() {
    world_.start();
    auto connected =
        world_.run(world_.client_host().connect(net::Address::memory("server", InProcess::kPort)));
    if (!connected.ok()) throw testing::DidNotHappen(connected.status().to_string());
    return std::move(*connected);
  }
  std::string talk(net::Stream& stream, const std::string& request) {
    return world_.run(rpc::talk(world_.client_host(), stream, request));
  }
  InProcess world_;
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

TEST_F(Protocols, ShareAPortWithGrpc) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "CALL hello\n"), "hello\n");
  EXPECT_EQ(talk(*stream, "CALL again\n"), "again\n");
  const Result<Text> reply = world_.run(test::unary(world_.channel(), text("x")));
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(lines_->connections, 1);
  EXPECT_EQ(world_.server().active_connections(), 2U);
}

TEST_F(Protocols, AreSeenFromFirstBytesThatComeOneByOne) {
  const auto stream = connect();
  for (const char letter : std::string("CALL x")) {
    const iovec slice{.iov_base = const_cast<char*>(&letter), .iov_len = 1};
    ASSERT_EQ(stream->write({&slice, 1}).kind, net::IoResult::Kind::Done);
    world_.run_for(10ms);
  }
  EXPECT_EQ(talk(*stream, "\n"), "x\n");
}

TEST_F(Protocols, ThatNobodyKnowsEndTheConnection) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "GET / HTTP/1.1\r\n"), "(end)");
  world_.run_for(1s);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

TEST_F(Protocols, ThatNeedMoreForEverAreNotWaitedFor) {
  world_.server().add(std::make_shared<Undecided>());
  const auto stream = connect();
  // What the server has not read by then makes it a reset.
  EXPECT_THAT(talk(*stream, std::string(2000, 'x')), ::testing::HasSubstr("reset by peer"));
  const auto silent = connect();
  const iovec slice{.iov_base = const_cast<char*>("C"), .iov_len = 1};
  ASSERT_EQ(silent->write({&slice, 1}).kind, net::IoResult::Kind::Done);
  world_.run_for(19s);
  EXPECT_EQ(world_.server().active_connections(), 1U);
  world_.run_for(2s);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

TEST_F(Protocols, ThatThrowLoseTheirConnectionOnly) {
  const auto stream = connect();
  const auto other = connect();
  EXPECT_EQ(talk(*other, "CALL other\n"), "other\n");
  EXPECT_EQ(talk(*stream, "CALL throw\n"), "(end)");
  EXPECT_EQ(talk(*other, "CALL other\n"), "other\n");
}

TEST_F(Protocols, AreCancelledWhenAStopIsOver) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "CALL hello\n"), "hello\n");
  const TimePoint begun = world_.now();
  testing::run(world_.server_host(), world_.server().shutdown(5s));
  EXPECT_EQ(world_.now() - begun, Duration(5s));
  EXPECT_EQ(lines_->ended, 1);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

/// Connections that reach their age after ten seconds, and have five more.
class AgedProtocols : public Protocols {
 protected:
  AgedProtocols() : Protocols(aged()) {}
  static InProcess::Options aged() {
    InProcess::Options options;
    options.server.max_connection_age = 10s;
    options.server.max_connection_age_grace = 5s;
    return options;
  }
};

TEST_F(AgedProtocols, AreToldOfTheirAge) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "CALL hello\n"), "hello\n");
  world_.run_for(12s);
  EXPECT_EQ(talk(*stream, "CALL last\n"), "last\n");
  EXPECT_EQ(talk(*stream, "CALL after\n"), "(end)");
  EXPECT_EQ(lines_->ended, 1);
}

TEST_F(AgedProtocols, HaveAStopsGraceWhereThatBeganBefore) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "CALL hello\n"), "hello\n");
  world_.run_for(8s);
  const TimePoint begun = world_.now();
  testing::run(world_.server_host(), world_.server().shutdown(30s));
  EXPECT_EQ(world_.now() - begun, Duration(30s));
}

TEST_F(AgedProtocols, AreCancelledAfterTheGrace) {
  const auto stream = connect();
  EXPECT_EQ(talk(*stream, "CALL hello\n"), "hello\n");
  world_.run_for(17s);
  EXPECT_EQ(lines_->ended, 1);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

}  // namespace
}  // namespace weft::rpc
