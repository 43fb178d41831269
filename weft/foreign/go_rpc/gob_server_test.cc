// Go's net/rpc with its own codec served beside gRPC, in virtual time.

#include <array>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/foreign/go_rpc/go_rpc.h"
#include "weft/foreign/go_rpc/internal/first_bytes.h"
#include "weft/foreign/internal/test_foreign.h"

namespace weft::foreign {
namespace {

using namespace std::chrono_literals;
using test::Arith;
using test::RawPeer;
using ::testing::HasSubstr;
using testing::InProcess;

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(ascii::hex_value(hex[i]) << 4 | ascii::hex_value(hex[i + 1]));
  }
  return out;
}

// What Go 1.19's encoder writes: the definition of rpc.Request, a request of Arith.Multiply with
// the number 0, the definition of Args, and Args{7, 8}.
const std::string kDefinition = bytes(
    "2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c000103536571"
    "0106000000");
const std::string kHeader = bytes("13ff82010e41726974682e4d756c7469706c7900");
const std::string kArgsDefinition = bytes(
    "1eff83030101044172677301ff84000102010141010400010142010400000"
    "0");
const std::string kArgs = bytes("07ff84010e011000");
// Of answers: the definition of rpc.Response, and 56.
const std::string kResponse = bytes(
    "3aff8103010108526573706f6e736501ff82000103010d536572766963654d6574686f64010c000103536571"
    "01060001054572726f72010c000000"
    "13ff82010e41726974682e4d756c7469706c7900"
    "03040070");

class GobServer : public ::testing::Test {
 protected:
  GobServer() {
    world_.add<Arith>();
    GoRpcOptions options;
    options.limits.max_depth = 10;
    world_.server().add(go_rpc(std::move(options)));
  }
  /// What comes until the server has nothing more to say for a second.
  std::string answer(const std::string& request) {
    RawPeer peer(world_);
    peer.send(request);
    world_.run_for(1s);
    peer.send(bytes("02ff"));  // ends the connection
    return peer.rest();
  }

  InProcess world_;
};

TEST_F(GobServer, AnswersAsGosServerDoes) {
  RawPeer peer(world_);
  peer.send(kDefinition + kHeader + kArgsDefinition + kArgs);
  EXPECT_EQ(peer.receive(kResponse.size()), kResponse);
  // The second time without definitions; the request has the number 1.
  peer.send(bytes("15ff82010e41726974682e4d756c7469706c79010100") + kArgs);
  const std::string second = bytes(
      "15ff82010e41726974682e4d756c7469706c79010100"
      "03040070");
  EXPECT_EQ(peer.receive(second.size()), second);
}

TEST_F(GobServer, AnswersBehindAConnect) {
  RawPeer peer(world_);
  peer.send("CONNECT /_goRPC_ HTTP/1.0\n\n");
  const std::string connected = "HTTP/1.0 200 Connected to Go RPC\n\n";
  EXPECT_EQ(peer.receive(connected.size()), connected);
  peer.send(kDefinition + kHeader + kArgsDefinition + kArgs);
  EXPECT_EQ(peer.receive(kResponse.size()), kResponse);
}

TEST_F(GobServer, TakesConnectsWithFields) {
  RawPeer peer(world_);
  peer.send("CONNECT /_goRPC_ HTTP/1.0\r\nHost: x\r\n\r\n" + kDefinition + kHeader +
            kArgsDefinition + kArgs);
  EXPECT_THAT(peer.receive(34 + kResponse.size()), ::testing::EndsWith(kResponse));
}

/// HTTP/1.1, which begins with any method.
class AnyMethod final : public rpc::WireProtocol {
 public:
  std::string name() const override { return "any method"; }
  Match matches(std::string_view bytes) const noexcept override {
    return bytes.find(' ') == std::string_view::npos ? Match::NeedMore : Match::Yes;
  }
  bool matches_others() const noexcept override { return true; }
  Task<> serve(rpc::WireConnection& connection) override { return answer(connection); }

 private:
  static Task<> answer(rpc::WireConnection& connection) {
    static_cast<void>(co_await connection.write("any"));
  }
};

TEST(GoBesideHttp, TakesItsConnectWhicheverIsAddedFirst) {
  for (const bool go_first : {true, false}) {
    InProcess world;
    world.add<Arith>();
    if (go_first) world.server().add(go_rpc({}));
    world.server().add(std::make_shared<AnyMethod>());
    if (!go_first) world.server().add(go_rpc({}));
    RawPeer peer(world);
    // In pieces, of which the first could be HTTP/1.1.
    peer.send("CONNECT /_go");
    world.run_for(10ms);
    peer.send("RPC_ HTTP/1.0\n\n");
    EXPECT_EQ(peer.receive(8), "HTTP/1.0") << go_first;
    RawPeer other(world);
    other.send("CONNECT /_goRPC_ HTTP/1.1\r\n");
    EXPECT_EQ(other.receive(3), "any") << go_first;
  }
}

TEST_F(GobServer, NamesFieldsThatDoNotFit) {
  // A is a string, 0c, in the definition.
  std::string definition = kArgsDefinition;
  definition[21] = '\x0c';
  EXPECT_THAT(
      answer(kDefinition + kHeader + definition + bytes("07ff84010161011000")),
      HasSubstr("INVALID_ARGUMENT: field A: a value of Go's type string does not fit int64"));
}

TEST_F(GobServer, PassesOverFieldsThatItDoesNotKnow) {
  std::string definition = kArgsDefinition;
  definition[19] = 'X';
  EXPECT_THAT(answer(kDefinition + kHeader + definition + kArgs), HasSubstr(bytes("03040000")));
}

TEST_F(GobServer, RefusesParametersOfUndefinedTypes) {
  EXPECT_THAT(answer(kDefinition + kHeader + bytes("07ff90010e011000")),
              HasSubstr("INVALID_ARGUMENT: the gob type 72 is not defined"));
  EXPECT_THAT(answer(kDefinition + kHeader + bytes("0304000e")),
              HasSubstr("a value of Go's type int is no test.v1.Args"));
  EXPECT_THAT(answer(kDefinition + bytes("03ff8200") + kArgsDefinition + kArgs),
              HasSubstr("UNIMPLEMENTED: the method '' does not have the form Service.Method"));
}

TEST_F(GobServer, ClosesWhereBytesAreNoGob) {
  EXPECT_EQ(answer(kDefinition + bytes("0300ff82")), "");
  EXPECT_EQ(answer(kDefinition + kDefinition), "");          // defined twice
  EXPECT_EQ(answer(kDefinition + bytes("fc7fffffff")), "");  // 2 GiB
}

TEST(FirstBytesOfGo, AreKnownAsSoonAsTheyCan) {
  using Match = FirstBytesMatch;
  GoCodec codec{};
  for (std::size_t i = 1; i < 14; ++i) {
    EXPECT_EQ(match_go(kDefinition.substr(0, i), "/x", codec), Match::NeedMore) << i;
  }
  EXPECT_EQ(match_go(kDefinition.substr(0, 14), "/x", codec), Match::Yes);
  EXPECT_EQ(codec, GoCodec::Gob);
  const std::string connect = "CONNECT /x HTTP/1.0\n";
  for (std::size_t i = 1; i < connect.size(); ++i) {
    EXPECT_EQ(match_go(connect.substr(0, i), "/x", codec), Match::NeedMore) << i;
  }
  EXPECT_EQ(match_go(connect, "/x", codec), Match::Yes);
  EXPECT_EQ(match_go("CONNECT /y HTTP/1.0\n", "/x", codec), Match::No);
  EXPECT_EQ(match_go("CONNECT /x HTTP/1.1\n", "/x", codec), Match::No);
  EXPECT_EQ(match_go("GET / HTTP/1.1", "/x", codec), Match::No);
  EXPECT_EQ(match_go("\x16\x03\x01", "/x", codec), Match::No);
  EXPECT_EQ(match_go(bytes("2fff82030101075265"), "/x", codec), Match::No);
}

}  // namespace
}  // namespace weft::foreign
