#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"

#include "tests/attacks/attacker.h"

/// What is attacked, and what is to notice nothing of it.
namespace weft::attacks {

/// Unary echoes, and where it is asked to be deaf goes on for a while though it is cancelled; to a
/// request that begins with "error" it answers with an error that repeats it. Expand sends as many
/// bytes as the request says, in messages of 64 KiB; Collect reads nothing until its call is
/// cancelled; Chat echoes.
class Target : public rpc::test::Kinds {
 public:
  Task<Result<rpc::test::Text>> Unary(ServerContext&, const rpc::test::Text& request) override;
  Task<Status> Expand(ServerContext&, const rpc::test::Text& request,
                      Writer<rpc::test::Text>& writer) override;
  Task<Result<rpc::test::Text>> Collect(ServerContext&, Reader<rpc::test::Text>& reader) override;

  static constexpr std::size_t kPart = std::size_t{64} * 1024;
  const rpc::test::Text part = rpc::test::text(std::string(kPart, 'e'));
  std::atomic<std::size_t> written = 0;  // bytes that Expand could send
  std::atomic<int> deaf = 0;             // calls of Unary that take no notice of anything
  Context nobody;                        // which nobody cancels
};

/// A server on 127.0.0.1 with one loop, so that whatever an attack takes is taken from the others;
/// and a well-behaved client that makes one call after the other while the test runs.
class Victim {
 public:
  /// `set_up` may add to the server before it starts.
  explicit Victim(
      ServerOptions options = {}, ChannelOptions client = {},
      const std::function<void(Server&)>& set_up = [](Server&) {});
  ~Victim();

  std::uint16_t port() const noexcept { return server_.port(); }
  Server& server() noexcept { return server_; }
  Target& target() noexcept { return *target_; }

  /// The well-behaved client's calls that were answered so far.
  std::size_t answered() const noexcept { return answered_; }
  /// Repeats `attack` until the well-behaved client has had `calls` more answers, or 30 seconds
  /// have passed, which fails the test. The last argument of an attack is its number.
  void outlive(const std::function<void()>& attack, std::size_t calls = 30);
  /// As outlive(), without an attack: what was done stays as it is meanwhile.
  void serves_on(std::size_t calls = 30);

 private:
  static ServerOptions with_defaults(ServerOptions options);
  void make_calls();

  Server server_;
  Target* target_ = nullptr;
  std::unique_ptr<Channel> channel_;
  std::atomic<std::size_t> answered_ = 0;
  std::atomic<bool> stop_ = false;
  std::string failure_;  // why the thread gave up, written before failed_
  std::atomic<bool> failed_ = false;
  std::thread client_;
};

/// Expects the connection to be closed, after a GOAWAY of this code whose text has `words`.
inline void expect_sent_away(Attacker& attacker, http2::ErrorCode code, std::string_view words) {
  EXPECT_TRUE(attacker.wait_closed()) << attacker.log();
  const Frame* goaway = attacker.goaway();
  ASSERT_NE(goaway, nullptr) << attacker.log();
  EXPECT_EQ(goaway->error(), code) << attacker.last_words();
  EXPECT_NE(attacker.last_words().find(words), std::string::npos) << attacker.last_words();
}

/// Expects RST_STREAM of this code on the stream, and the connection to go on.
inline void expect_reset(Attacker& attacker, std::uint32_t stream_id, http2::ErrorCode code) {
  const Frame* reset = attacker.find(http2::FrameType::RstStream, stream_id);
  ASSERT_NE(reset, nullptr) << attacker.log();
  EXPECT_EQ(reset->error(), code) << attacker.log();
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

}  // namespace weft::attacks
