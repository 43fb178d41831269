#include "tests/conformance/client_row.h"

#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/run.h"

namespace weft::conformance {
namespace {

using namespace std::chrono_literals;
using rpc::test::Text;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr std::uint16_t kPort = 50051;

/// A call whose outcome is looked at when the script has played.
struct Call {
  std::optional<Result<Text>> reply;
  Task<> task;
};

Task<> run_call(Channel& channel, Call& call) {
  const Text request = rpc::test::text("request");
  Result<Text> reply = co_await rpc::test::unary(channel, request);
  call.reply.emplace(std::move(reply));
}

std::string answer(std::uint32_t id) {
  return headers(id, testing::grpc_response()) + data(id, message("hi")) +
         headers(id, testing::grpc_trailers(0), EndStream::Yes);
}

class ClientTest : public ::testing::Test {
 public:
  explicit ClientTest(const ClientRow& row)
      : row_(row), server_(network_.host("server"), kPort, row.greeting) {}
  ~ClientTest() override {
    network_.host("client").enter([&] {
      first_.task = Task<>();
      second_.task = Task<>();
    });
    channel_.reset();
    network_.run_until_idle(1min);
  }

  void TestBody() override {
    SCOPED_TRACE(row_.sentence);
    begin(first_);
    ScriptedPeer& peer = server_.accept();
    if (row_.outcome.kind != Kind::ConnectionError || row_.greeting == settings()) {
      peer.expect_end(1);
    }
    peer.send(row_.bytes);
    network_.run_for(100ms);
    expect_outcome(peer);
    if (row_.outcome.check) row_.outcome.check(peer);
    if (HasFailure()) ADD_FAILURE() << "the client sent:\n" << peer.log();
  }

 private:
  using Kind = ClientOutcome::Kind;

  void begin(Call& call) {
    call.task = run_call(*channel_, call);
    network_.host("client").enter([&] {
      call.task.start(nullptr, {[](void*) noexcept {}, nullptr});
    });
  }

  void expect_outcome(ScriptedPeer& peer) {
    switch (row_.outcome.kind) {
      case Kind::ConnectionError:
        return expect_connection_error(peer);
      case Kind::StreamError:
        return expect_stream_error(peer);
      case Kind::Served:
      case Kind::Fails:
        expect_status(row_.outcome.status);
        return expect_connection_goes_on(peer);
      case Kind::ServedAtLast:
        return expect_status(StatusCode::Ok);
      case Kind::Repeated:
        return expect_repeated(peer);
      case Kind::Pending:
        EXPECT_FALSE(first_.reply.has_value()) << first_.reply->status().to_string();
        EXPECT_FALSE(peer.ended());
    }
  }
  void expect_status(StatusCode code) {
    ASSERT_TRUE(first_.reply.has_value()) << "the call goes on";
    EXPECT_EQ(first_.reply->status().code(), code) << first_.reply->status().to_string();
  }
  void expect_connection_error(ScriptedPeer& peer) {
    const Frame* goaway = nullptr;
    for (const Frame& frame : peer.frames()) {
      if (frame.type == FrameType::Goaway) goaway = &frame;
    }
    ASSERT_NE(goaway, nullptr) << "no GOAWAY";
    EXPECT_EQ(http2::name_of(goaway->error()), http2::name_of(row_.outcome.code));
    EXPECT_TRUE(peer.ended()) << "the connection stays open";
    // The call had ended before, or the greeting was at fault and the channel tries again.
    if (!first_.reply.has_value() || first_.reply->ok()) return;
    EXPECT_EQ(first_.reply->status().origin(), Origin::Transport);
  }
  void expect_stream_error(ScriptedPeer& peer) {
    expect_status(StatusCode::Internal);
    EXPECT_EQ(first_.reply->status().origin(), Origin::Transport);
    ASSERT_TRUE(peer.has(FrameType::RstStream, 1)) << "no RST_STREAM";
    EXPECT_EQ(http2::name_of(peer.expect(FrameType::RstStream, 1).error()),
              http2::name_of(row_.outcome.code));
    expect_connection_goes_on(peer);
  }
  /// Another call on the same connection is served.
  void expect_connection_goes_on(ScriptedPeer& peer) {
    begin(second_);
    peer.expect_end(3);
    peer.send(answer(3));
    network_.run_for(100ms);
    ASSERT_TRUE(second_.reply.has_value());
    EXPECT_TRUE(second_.reply->ok()) << second_.reply->status().to_string();
  }
  void expect_repeated(ScriptedPeer& peer) {
    if (peer.has(FrameType::Headers, 3)) {
      peer.send(answer(3));
    } else {
      ScriptedPeer& other = server_.accept();
      other.expect_end(1);
      other.send(answer(1));
    }
    network_.run_for(100ms);
    expect_status(StatusCode::Ok);
  }

  const ClientRow row_;
  net::SimNetwork network_{1};
  ScriptedServer server_;
  std::unique_ptr<Channel> channel_ = std::make_unique<Channel>("server:50051");
  Call first_;
  Call second_;
};

}  // namespace

int add_client_tests(const char* suite, std::vector<ClientRow> rows) {
  for (ClientRow& row : rows) {
    const std::string name = std::string(row.section) + "_" + row.name;
    ::testing::RegisterTest(
        suite, name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [row = std::move(row)]() -> ClientTest* { return new ClientTest(row); });
  }
  return 0;
}

}  // namespace weft::conformance
