// Attacks by a server on the client that calls it.

#include <chrono>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/codec/compression.h"

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using rpc::test::Text;
using rpc::test::text;
using std::chrono::steady_clock;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
constexpr std::size_t kMany = 2'000'000;

/// A socket that listens, for a server by hand.
class BadServer {
 public:
  BadServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_, generic, size), 0);
    EXPECT_EQ(::listen(fd_, 64), 0);
    EXPECT_EQ(::getsockname(fd_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  BadServer(const BadServer&) = delete;
  BadServer& operator=(const BadServer&) = delete;
  ~BadServer() { ::close(fd_); }

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  Attacker accept() { return Attacker::of_socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
  /// Wakes an accept() that waits.
  void shut() { ::shutdown(fd_, SHUT_RDWR); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// A call to it, on a thread of its own.
class Caller {
 public:
  explicit Caller(const BadServer& server, Duration timeout = 10s)
      : channel_(server.target()), thread_([this, timeout] {
          status_ = rpc::call_unary_blocking<Text>(channel_, rpc::test::kMethods[0], text("hello"),
                                                   {.timeout = timeout})
                        .status();
          done_ = true;
        }) {}
  ~Caller() {
    if (thread_.joinable()) thread_.join();
  }
  bool done() const noexcept { return done_; }
  Status status() {
    thread_.join();
    return status_;
  }

 private:
  Channel channel_;
  Status status_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

/// Accepts, greets, and waits for the call.
Attacker serve(BadServer& server) {
  Attacker peer = server.accept();
  peer.send(testing::settings() + testing::settings_ack());
  EXPECT_NE(peer.find(FrameType::Headers, 1), nullptr);
  return peer;
}

std::string ok_headers(const Fields& more = {}) {
  return testing::headers(1, testing::grpc_response(more));
}

void expect_broken(Caller& caller, std::string_view words) {
  const Status status = caller.status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find(words), std::string::npos) << status.to_string();
}

TEST(BadServers, ThatFloodWithPingsAndReadNothingAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  const PeakMemory memory;
  peer.flood(testing::ping(), kMany, Attacker::Reading::No);
  expect_broken(caller, "unread");
  EXPECT_LT(memory.bytes(), 8 * kMiB);
}

TEST(BadServers, ThatFloodWithPingsDoNotDelayACallsEnd) {
  BadServer server;
  Caller caller(server, 500ms);
  Attacker peer = serve(server);
  while (!caller.done()) {
    if (peer.flood(testing::ping(), 1000) < 1000) break;
  }
  // The deadline's, or that of a connection which was ended before.
  EXPECT_FALSE(caller.status().ok());
}

TEST(BadServers, ThatFloodWithSettingsAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.flood(testing::settings(), kMany);
  expect_broken(caller, "SETTINGS");
}

TEST(BadServers, ThatSendInformationalHeadersForEverAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.flood(testing::headers(1, {{":status", "103"}}), kMany);
  expect_broken(caller, "carried nothing");
}

TEST(BadServers, ThatSendEmptyDataForEverAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.send(ok_headers());
  peer.flood(testing::data(1, {}), kMany);
  expect_broken(caller, "carried nothing");
}

TEST(BadServers, ThatContinueTheirHeadersForEverAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  const PeakMemory memory;
  peer.send(open_headers(1, block_of(testing::grpc_response())));
  peer.flood(continuation(1, block_of({{"x", std::string(8000, 'x')}}), false), kMany);
  expect_broken(caller, "header block");
  EXPECT_LT(memory.bytes(), 4 * kMiB);
}

TEST(BadServers, ThatSendAHeaderListBombLoseTheCall) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  const PeakMemory memory;
  peer.send(raw_headers(1, block_of(testing::grpc_response()) +
                               block_of({{"x", std::string(4000, 'x')}}, true) +
                               std::string(10000, '\xbe')));
  const Status status = caller.status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << status.to_string();
  EXPECT_LT(memory.bytes(), 2 * kMiB);
}

TEST(BadServers, ThatSendABombOfTrailersLoseTheCall) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.send(ok_headers() + raw_headers(1,
                                       block_of({{"grpc-status", "0"}}) +
                                           block_of({{"x", std::string(4000, 'x')}}, true) +
                                           std::string(10000, '\xbe'),
                                       EndStream::Yes));
  const Status status = caller.status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << status.to_string();
}

TEST(BadServers, ThatSendADecompressionBombLoseTheCall) {
  for (const Compression kind : {Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    SCOPED_TRACE(name_of(kind));
    const Result<Bytes> bomb = codec::compress(kind, std::string(100'000'000, '\0'));
    ASSERT_TRUE(bomb.ok());
    BadServer server;
    Caller caller(server);
    Attacker peer = serve(server);
    const PeakMemory memory;
    const std::string message = testing::grpc_message(bomb->view(), true);
    std::string response = ok_headers({{"grpc-encoding", std::string(name_of(kind))}});
    for (std::size_t at = 0; at < message.size(); at += 16384) {
      response += testing::data(1, std::string_view(message).substr(at, 16384));
    }
    peer.send(response + testing::headers(1, testing::grpc_trailers(0), EndStream::Yes));
    const Status status = caller.status();
    EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << status.to_string();
    EXPECT_LT(memory.bytes(), 16 * kMiB);
  }
}

TEST(BadServers, ThatAnnounceAMessageTooLargeLoseTheCall) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.send(ok_headers() + testing::data(1, hex("00ffffffff")));
  EXPECT_EQ(caller.status().code(), StatusCode::ResourceExhausted);
}

TEST(BadServers, ThatAnswerAUnaryCallForEverLoseTheCall) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  const PeakMemory memory;
  peer.send(ok_headers());
  peer.flood(testing::data(1, repeat(testing::grpc_message("x"), 1000)), 40);
  const Status status = caller.status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.code(), StatusCode::DeadlineExceeded) << status.to_string();
  EXPECT_LT(memory.bytes(), 4 * kMiB);
}

TEST(BadServers, ThatPushAreLeft) {
  BadServer server;
  Caller caller(server);
  Attacker peer = serve(server);
  peer.send(testing::frame(FrameType::PushPromise, http2::flag::kEndHeaders, 1,
                           hex("00000002") + block_of(testing::grpc_request("/x/Y"))));
  expect_broken(caller, "PUSH_PROMISE");
}

/// Serves every connection with `bytes` and closes it, until the call has ended; returns how many
/// there were.
int serve_all(BadServer& server, Caller& caller, const std::string& bytes) {
  int connections = 0;
  std::thread serving([&] {
    for (;;) {
      Attacker peer = server.accept();
      if (caller.done()) return;
      ++connections;
      peer.send(bytes);
      peer.find(FrameType::Headers, 1, 100ms);
    }
  });
  while (!caller.done()) std::this_thread::sleep_for(5ms);
  server.shut();
  serving.join();
  return connections;
}

TEST(BadServers, ThatLeaveEachTimeAreNotAskedInALoop) {
  BadServer server;
  Caller caller(server, 2s);
  const int connections = serve_all(
      server, caller, testing::settings() + testing::goaway(0, ErrorCode::NoError, "go away"));
  EXPECT_FALSE(caller.status().ok());
  EXPECT_LE(connections, 20);
}

TEST(BadServers, ThatRefuseEachAttemptAreNotAskedInALoop) {
  BadServer server;
  Caller caller(server, 2s);
  Attacker peer = serve(server);
  int tries = 0;
  for (std::uint32_t id = 1; !caller.done() && tries < 10000; id += 2) {
    if (id != 1 && peer.find(FrameType::Headers, id, 3s) == nullptr) break;
    ++tries;
    peer.send(testing::rst_stream(id, ErrorCode::RefusedStream));
  }
  EXPECT_FALSE(caller.status().ok());
  EXPECT_LE(tries, 10);
}

}  // namespace
}  // namespace weft::attacks
