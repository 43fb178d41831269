#include <future>

#include <gtest/gtest.h>

#include "tests/conformance/server_row.h"

// RFC 9113 section 6.8: how a server says that it is leaving.

namespace weft::conformance {
namespace {

using namespace std::chrono_literals;

class Shutdown : public ::testing::Test {
 protected:
  Shutdown() : server(make_server(Row::Limits::Default)), connection(server->port()) {
    shake_hands(connection);
  }
  /// Begins to stop, and waits for the first GOAWAY.
  void stop() {
    stopped = std::async(std::launch::async, [this] { server->stop(1min); });
    ASSERT_TRUE(connection.read_until([this] { return goaways() == 1; })) << connection.log();
  }
  /// Answers the PING behind the first GOAWAY, and waits for the second.
  void let_it_finish() {
    ASSERT_TRUE(connection.read_until([this] { return ping() != nullptr; })) << connection.log();
    connection.send(testing::ping_ack(ping()->payload));
    ASSERT_TRUE(connection.read_until([this] { return goaways() == 2; })) << connection.log();
  }
  std::size_t goaways() const { return connection.count(FrameType::Goaway, 0); }
  const Frame* ping() const {
    for (const Frame& frame : connection.frames()) {
      if (frame.type == FrameType::Ping && (frame.flags & flag::kAck) == 0) return &frame;
    }
    return nullptr;
  }
  std::string last_stream() const {
    return connection.last(FrameType::Goaway, 0)->payload.substr(0, 4);
  }
  void expect_served(std::uint32_t id) {
    EXPECT_TRUE(connection.read_stream(id)) << connection.log();
    const Frame* end = connection.last(FrameType::Headers, id);
    ASSERT_NE(end, nullptr) << connection.log();
    EXPECT_EQ(end->field("grpc-status"), "0") << connection.log();
  }

  std::unique_ptr<Server> server;
  std::future<void> stopped;  // before the connection, so that it is waited for without it
  RawConnection connection;
};

// "A server that is attempting to gracefully shut down a connection SHOULD send an initial GOAWAY
// frame with the last stream identifier set to 2^31-1 and a NO_ERROR code."
TEST_F(Shutdown, Section_6_8_FirstGoawayAllowsCallsInFlight) {
  stop();
  EXPECT_EQ(last_stream(), u32(0x7fffffff));
  EXPECT_EQ(connection.last(FrameType::Goaway, 0)->error(), ErrorCode::NoError);
  connection.send(call(1));
  expect_served(1);
}

// "After allowing time for any in-flight stream creation, the server MAY send another GOAWAY frame
// with an updated last stream identifier."
TEST_F(Shutdown, Section_6_8_SecondGoawayNamesTheLastCall) {
  connection.send(open(1));
  connection.settle();
  stop();
  connection.send(open(3));
  let_it_finish();
  EXPECT_EQ(last_stream(), u32(3));
}

TEST_F(Shutdown, Section_6_8_CallsBelowTheLastIdAreFinished) {
  connection.send(open(1) + data(1, message("a")));
  connection.settle();
  stop();
  let_it_finish();
  connection.send(data(1, message("b"), EndStream::Yes));
  expect_served(1);
  EXPECT_TRUE(connection.read_to_the_end()) << connection.log();
}

TEST_F(Shutdown, Section_6_8_IgnoresCallsAboveTheLastId) {
  connection.send(open(1));
  connection.settle();
  stop();
  let_it_finish();
  connection.send(call(3));
  EXPECT_TRUE(connection.read_stream(3));
  EXPECT_EQ(connection.first(FrameType::RstStream, 3)->error(), ErrorCode::RefusedStream);
  EXPECT_EQ(connection.first(FrameType::Headers, 3), nullptr);
  connection.send(data(1, "", EndStream::Yes));
  expect_served(1);
}

TEST_F(Shutdown, Section_6_8_AnIdleConnectionCloses) {
  stop();
  let_it_finish();
  EXPECT_TRUE(connection.read_to_the_end());
  EXPECT_EQ(last_stream(), u32(0));
}

}  // namespace
}  // namespace weft::conformance
