#include "tests/conformance/server_row.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"

namespace weft::conformance {
namespace {

using ::testing::Contains;

/// An echo whose Unary takes an hour for the request "wait".
class Service final : public rpc::test::Kinds {
  Task<Result<rpc::test::Text>> Unary(ServerContext&, const rpc::test::Text& request) override {
    if (request.value() == "wait") {
      const Status slept = co_await net::sleep(std::chrono::hours(1));
      if (!slept.ok()) co_return slept;
    }
    co_return request;
  }
};

/// The servers under test, one for each kind of limits; they stop before main() ends.
class Servers final : public ::testing::Environment {
 public:
  static std::uint16_t port(Row::Limits limits) {
    std::unique_ptr<Server>& server = instance().servers_[static_cast<std::size_t>(limits)];
    if (server == nullptr) server = make_server(limits);
    return server->port();
  }
  void TearDown() override {
    for (auto& server : servers_) server.reset();
  }

 private:
  static Servers& instance() {
    static auto* servers = static_cast<Servers*>(::testing::AddGlobalTestEnvironment(new Servers));
    return *servers;
  }
  static inline Servers& registered_ = instance();
  std::unique_ptr<Server> servers_[2];
};

// Far above the streams of the scripts.
constexpr std::uint32_t kProbe = 0x7ffffff1;

/// A request for a method that there is not. It is answered with one header block, so that it needs
/// no window.
std::string probe() { return headers(kProbe, grpc_request("/test.Kinds/None"), EndStream::Yes); }

class SectionTest : public ::testing::Test {
 public:
  explicit SectionTest(const Row& row) : row_(row), connection_(Servers::port(row.limits)) {}

  void TestBody() override {
    SCOPED_TRACE(row_.sentence);
    if (row_.start == kAfterHandshake) shake_hands(connection_);
    for (const Step& step : row_.script) {
      if (step.run) {
        step.run(connection_);
      } else {
        connection_.send(step.bytes);
      }
    }
    expect_outcome(row_.outcome);
    if (row_.outcome.check) row_.outcome.check(connection_);
    if (HasFailure()) {
      ADD_FAILURE() << "the server sent:\n" << connection_.log();
      return;
    }
    if (row_.outcome.kind != Outcome::Kind::ConnectionError) expect_connection_goes_on();
    expect_others_served();
  }

 private:
  using Kind = Outcome::Kind;

  void expect_outcome(const Outcome& outcome) {
    const std::uint32_t id = outcome.stream_id;
    switch (outcome.kind) {
      case Kind::ConnectionError:
        return expect_connection_error(outcome.codes);
      case Kind::StreamError:
        EXPECT_TRUE(connection_.settle()) << "the PING behind the script has no answer";
        return expect_stream_error(id, outcome.codes.front());
      case Kind::Accepted:
        EXPECT_TRUE(connection_.settle()) << "the PING behind the script has no answer";
        return expect_nothing_refused();
      case Kind::Served:
      case Kind::GrpcStatus:
        return expect_field(id, "grpc-status", outcome.status);
      case Kind::Http:
        return expect_field(id, ":status", outcome.status);
    }
  }
  void expect_connection_error(const std::vector<ErrorCode>& codes) {
    EXPECT_TRUE(connection_.read_to_the_end()) << "the connection stays open";
    const Frame* goaway = connection_.last(FrameType::Goaway, 0);
    ASSERT_NE(goaway, nullptr) << "no GOAWAY";
    EXPECT_THAT(codes, Contains(goaway->error())) << goaway->to_string();
  }
  void expect_stream_error(std::uint32_t id, ErrorCode code) {
    const Frame* reset = connection_.last(FrameType::RstStream, id);
    ASSERT_NE(reset, nullptr) << "no RST_STREAM on stream " << id;
    EXPECT_EQ(http2::name_of(reset->error()), http2::name_of(code));
    EXPECT_EQ(connection_.count(FrameType::RstStream, id), 1U);
    EXPECT_EQ(connection_.count(FrameType::Goaway, 0), 0U);
  }
  void expect_nothing_refused() {
    for (const Frame& frame : connection_.frames()) {
      const bool refusal = frame.type == FrameType::RstStream || frame.type == FrameType::Goaway;
      EXPECT_FALSE(refusal) << frame.to_string();
    }
  }
  /// The response on the stream has ended, and a field of it is this.
  void expect_field(std::uint32_t id, std::string_view name, std::string_view value) {
    EXPECT_TRUE(connection_.read_stream(id)) << "stream " << id << " does not end";
    const Frame* block = name == ":status" ? connection_.first(FrameType::Headers, id)
                                           : connection_.last(FrameType::Headers, id);
    ASSERT_NE(block, nullptr) << "no HEADERS on stream " << id;
    EXPECT_EQ(block->field(name), value);
  }
  void expect_connection_goes_on() {
    connection_.send(probe());
    EXPECT_TRUE(connection_.read_stream(kProbe)) << "a call on the same connection has no answer:\n"
                                                 << connection_.log();
    const Frame* reset = connection_.last(FrameType::RstStream, kProbe);
    // The script may have left as many streams open as there may be.
    if (row_.limits == kNarrow && reset != nullptr) {
      EXPECT_EQ(reset->error(), ErrorCode::RefusedStream) << connection_.log();
      return;
    }
    const Frame* answer = connection_.last(FrameType::Headers, kProbe);
    ASSERT_NE(answer, nullptr) << connection_.log();
    EXPECT_EQ(answer->field("grpc-status"), "12") << connection_.log();
  }
  void expect_others_served() {
    RawConnection other(Servers::port(row_.limits));
    shake_hands(other);
    other.send(call(1));
    EXPECT_TRUE(other.read_stream(1)) << "a call on another connection has no answer";
    const Frame* end = other.last(FrameType::Headers, 1);
    ASSERT_NE(end, nullptr) << other.log();
    EXPECT_EQ(end->field("grpc-status"), "0") << other.log();
  }

  const Row row_;
  RawConnection connection_;
};

}  // namespace

Step end_of(std::uint32_t stream_id) {
  return std::function([stream_id](RawConnection& connection) {
    EXPECT_TRUE(connection.read_stream(stream_id)) << "stream " << stream_id << " does not end\n"
                                                   << connection.log();
  });
}

Step settled() {
  return std::function([](RawConnection& connection) {
    EXPECT_TRUE(connection.settle()) << "a PING has no answer\n" << connection.log();
  });
}

Outcome connection_error(ErrorCode code) { return connection_error(std::vector{code}); }
Outcome connection_error(std::vector<ErrorCode> codes) {
  return {.kind = Outcome::Kind::ConnectionError, .codes = std::move(codes)};
}
Outcome stream_error(std::uint32_t stream_id, ErrorCode code) {
  return {.kind = Outcome::Kind::StreamError, .stream_id = stream_id, .codes = {code}};
}
Outcome served(std::uint32_t stream_id) {
  return {.kind = Outcome::Kind::Served, .stream_id = stream_id, .status = "0"};
}
Outcome http(std::uint32_t stream_id, std::string_view status) {
  return {.kind = Outcome::Kind::Http, .stream_id = stream_id, .status = std::string(status)};
}
Outcome grpc_status(std::uint32_t stream_id, std::string_view status) {
  return {.kind = Outcome::Kind::GrpcStatus, .stream_id = stream_id, .status = std::string(status)};
}
Outcome accepted() { return {.kind = Outcome::Kind::Accepted}; }
Outcome operator&&(Outcome outcome, std::function<void(RawConnection&)> check) {
  outcome.check = std::move(check);
  return outcome;
}

int add_tests(const char* suite, std::vector<Row> rows) {
  for (Row& row : rows) {
    const std::string name = std::string(row.section) + "_" + row.name;
    ::testing::RegisterTest(
        suite, name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [row = std::move(row)]() -> SectionTest* { return new SectionTest(row); });
  }
  return 0;
}

std::unique_ptr<Server> make_server(Row::Limits limits) {
  ServerOptions options{.listen = "127.0.0.1:0"};
  // The rows' own PINGs are not held against them.
  options.min_ping_interval = Duration::zero();
  options.ping_without_calls = true;
  if (limits == kNarrow) {
    options.max_calls_per_connection = 2;
    options.stream_window = 1000;
    options.connection_window = 65535;
    options.max_window = 0;
  }
  auto server = std::make_unique<Server>(options);
  server->add<Service>();
  const Status started = server->start();
  if (!started.ok()) throw std::runtime_error(started.to_string());
  return server;
}

void shake_hands(RawConnection& connection) {
  connection.send(client_preface());
  EXPECT_TRUE(connection.read_until([&connection] {
    return connection.first(FrameType::Settings, 0) != nullptr && connection.settings_acks() != 0;
  })) << connection.log();
  connection.send(settings_ack());
}

}  // namespace weft::conformance
