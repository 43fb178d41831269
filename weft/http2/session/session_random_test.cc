#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/http2/session/internal/session_recorder.h"

// Two sessions joined by a wire that splits the bytes anywhere and delays them; both ends do random
// things. A model knows every byte that was sent: each must arrive in order and once, unless its
// stream was reset, and every stream must close exactly once at each end.

namespace weft::http2 {
namespace {

const HeaderField kRequest[] = {{":method", "POST", Token::Method},
                                {":scheme", "http", Token::Scheme},
                                {":path", "/s/M", Token::Path},
                                {"te", "trailers", Token::Te}};
const HeaderField kOk[] = {{":status", "200", Token::Status}};
const HeaderField kTrailers[] = {{"grpc-status", "0", Token::GrpcStatus},
                                 {"grpc-message", "", Token::GrpcMessage}};

/// The byte that stands at `position` of a direction of a stream.
char expected_byte(std::uint32_t id, bool from_client, std::uint64_t position) {
  return static_cast<char>(id * 31 + (from_client ? 7 : 0) + position * 13 + position / 251);
}

struct Half {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool ended = false;     // END_STREAM was given to the sender
  bool end_seen = false;  // and reached the receiver
};
struct Flow {
  Half up;
  Half down;
  bool reset = false;
  int closed_at_client = 0;
  int closed_at_server = 0;
};
using Model = std::map<std::uint32_t, Flow>;

class End final : public SessionHandler {
 public:
  End(SessionOptions options, Model& model)
      : client_(options.role == Role::Client), model_(model), session(options, *this) {}

  void on_headers(Stream& stream, HeadersKind kind, HeaderFields, bool end) override {
    streams[stream.id()] = &stream;
    if (!client_ && kind == HeadersKind::Initial) unanswered.push_back(stream.id());
    arrived(stream, end);
  }
  void on_headers_too_large(Stream&, HeadersKind, bool) override { FAIL(); }
  void on_data(Stream& stream, BytesView data, bool end) override {
    Half& half = incoming(stream.id());
    for (const char c : data.view()) {
      if (c != expected_byte(stream.id(), !client_, half.received)) wrong_bytes = true;
      ++half.received;
    }
    unconsumed[stream.id()] += data.size();
    arrived(stream, end);
  }
  void on_drained(Stream& stream) override { EXPECT_EQ(stream.queued(), 0U); }
  void on_stream_closed(Stream& stream, const StreamEnd& end) override {
    Flow& flow = model_.at(stream.id());
    ++(client_ ? flow.closed_at_client : flow.closed_at_server);
    if (end.by != StreamEnd::By::Completion) flow.reset = true;
    streams.erase(stream.id());
    unconsumed.erase(stream.id());
  }
  void on_settings() override {}
  void on_ping_ack(std::uint64_t) override {}
  void on_ping() override {}
  void on_goaway(std::uint32_t, ErrorCode, std::string_view) override {}
  void on_connection_error(ErrorCode, const Status& status) override {
    ADD_FAILURE() << (client_ ? "client: " : "server: ") << status.message();
  }

  Half& outgoing(std::uint32_t id) { return client_ ? model_[id].up : model_[id].down; }
  Half& incoming(std::uint32_t id) { return client_ ? model_[id].down : model_[id].up; }

  std::map<std::uint32_t, Stream*> streams;
  std::map<std::uint32_t, std::size_t> unconsumed;
  std::vector<std::uint32_t> unanswered;
  bool wrong_bytes = false;

 private:
  void arrived(Stream& stream, bool end) {
    if (end) incoming(stream.id()).end_seen = true;
  }
  bool client_;
  Model& model_;

 public:
  Session session;
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : rng_(seed),
        client_(options(Role::Client), model_),
        server_(options(Role::Server), model_) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    settle();
  }
  void check() {
    EXPECT_FALSE(client_.wrong_bytes);
    EXPECT_FALSE(server_.wrong_bytes);
    for (const auto& [id, flow] : model_) {
      SCOPED_TRACE(testing::Message() << "stream " << id);
      EXPECT_EQ(flow.closed_at_client, 1);
      EXPECT_LE(flow.closed_at_server, 1);
      if (flow.reset) continue;
      EXPECT_EQ(flow.closed_at_server, 1);
      for (const Half* half : {&flow.up, &flow.down}) {
        EXPECT_EQ(half->received, half->sent);
        EXPECT_TRUE(half->end_seen);
      }
    }
    EXPECT_EQ(client_.session.open_streams(), 0U);
    EXPECT_EQ(server_.session.open_streams(), 0U);
    EXPECT_FALSE(client_.session.broken());
    EXPECT_FALSE(server_.session.broken());
  }
  std::size_t streams() const { return model_.size(); }

 private:
  std::uint32_t pick(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(rng_.below(high - low + 1));
  }
  SessionOptions options(Role role) {
    SessionOptions options;
    options.role = role;
    options.local.initial_window_size = pick(0, 3) == 0 ? pick(1, 2000) : pick(2000, 100000);
    options.local.max_concurrent_streams = pick(1, 20);
    options.connection_window = pick(kDefaultWindow, 200000);
    options.max_window = pick(0, 1) == 0 ? 0 : 1 << 20;
    options.abuse.reset_burst = 0;
    return options;
  }

  void step() {
    now_ += std::chrono::microseconds(pick(0, 500));
    switch (pick(0, 9)) {
      case 0:
        return open();
      case 1:
        return answer();
      case 2:
      case 3:
        return act(client_);
      case 4:
      case 5:
        return act(server_);
      case 6:
        return consume(pick(0, 1) == 0 ? client_ : server_, false);
      case 7:
        if (pick(0, 9) == 0) client_.session.ping(pick(0, 1000));
        return;
      default:
        carry(client_, to_server_, server_, pick(1, 20000));
        carry(server_, to_client_, client_, pick(1, 20000));
    }
  }

  void open() {
    if (!client_.session.can_open()) return;
    const bool end = pick(0, 5) == 0;
    Stream& stream = client_.session.open_stream(kRequest, end, nullptr);
    client_.streams[stream.id()] = &stream;
    model_[stream.id()].up.ended = end;
  }
  void answer() {
    if (server_.unanswered.empty()) return;
    const std::uint32_t id = server_.unanswered.back();
    server_.unanswered.pop_back();
    if (!server_.streams.contains(id)) return;
    answered_[id] = true;
    server_.session.send_headers(*server_.streams[id], kOk, false);
  }
  /// Sends something on one of the end's streams, ends it, or resets it.
  void act(End& end) {
    if (end.streams.empty()) return;
    auto it = end.streams.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(rng_.below(end.streams.size())));
    Stream& stream = *it->second;
    if (&end == &server_ && !answered_.contains(stream.id())) return;
    if (pick(0, 60) == 0) {
      model_[stream.id()].reset = true;
      return end.session.reset(stream, ErrorCode::Cancel);
    }
    if (stream.local_ended() || stream.queued() > 100000) return;
    const bool last = pick(0, 7) == 0;
    if (last && pick(0, 1) == 0) return finish(end, stream);
    send(end, stream, pick(0, 7) == 0 ? pick(0, 40000) : pick(0, 300), last);
  }
  void finish(End& end, Stream& stream) {
    end.outgoing(stream.id()).ended = true;
    end.session.send_headers(stream, kTrailers, true);
  }
  void send(End& end, Stream& stream, std::size_t n, bool last) {
    Half& half = end.outgoing(stream.id());
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i) {
      bytes += expected_byte(stream.id(), &end == &client_, half.sent + i);
    }
    half.sent += n;
    half.ended = last;
    std::uint8_t* room = pick(0, 1) == 0 ? end.session.reserve_data(stream, n + 5) : nullptr;
    if (room != nullptr) {
      std::copy(bytes.begin(), bytes.end(), room);
      end.session.commit_data(stream, n, last);
    } else {
      end.session.queue_data(stream, Bytes::copy_of(bytes), last);
    }
  }
  void consume(End& end, bool all) {
    for (auto& [id, n] : end.unconsumed) {
      const std::size_t part = all ? n : static_cast<std::size_t>(rng_.below(n + 1));
      n -= part;
      end.session.consumed(*end.streams.at(id), part);
    }
  }
  /// Moves what `from` wrote to its wire, and at most `n` bytes of the wire to `to`.
  bool carry(End& from, std::string& wire, End& to, std::size_t n) {
    wire += script::take(from.session.output());
    const std::size_t part = std::min(n, wire.size());
    if (part == 0) return false;
    EXPECT_TRUE(to.session.receive(Bytes::copy_of(wire.substr(0, part)), now_));
    wire.erase(0, part);
    return true;
  }

  /// Ends every stream and carries everything until nothing moves: what has not closed then never
  /// will.
  void settle() {
    for (int quiet = 0; quiet < 3;) {
      while (!server_.unanswered.empty()) answer();
      for (End* end : {&client_, &server_}) {
        const auto streams = end->streams;
        for (const auto& [id, stream] : streams) {
          if (end->streams.contains(id) && !stream->local_ended()) finish(*end, *stream);
        }
        consume(*end, true);
      }
      now_ += std::chrono::milliseconds(1);
      const bool up = carry(client_, to_server_, server_, pick(1, 50000));
      const bool down = carry(server_, to_client_, client_, pick(1, 50000));
      quiet = up || down ? 0 : quiet + 1;
    }
  }

  Rng rng_;
  Model model_;
  End client_;
  End server_;
  std::map<std::uint32_t, bool> answered_;
  std::string to_server_;
  std::string to_client_;
  TimePoint now_{};
};

class RandomInterleaving : public ::testing::TestWithParam<int> {};

TEST_P(RandomInterleaving, DeliversEveryByteOnceAndClosesEveryStreamOnce) {
  const std::uint64_t seed = 0x5e55 + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  World world(seed);
  world.run(2000);
  world.check();
  EXPECT_GT(world.streams(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomInterleaving, ::testing::Range(0, 20));

/// Whatever arrives, the session answers, or breaks in good order.
TEST(RandomBytes, NeverDoWorseThanBreakTheConnection) {
  const std::uint64_t seed = 77;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Rng rng(seed);
  for (int round = 0; round < 500; ++round) {
    script::Recorder server{script::plain(Role::Server)};
    server.receive(script::client_preface());
    for (int i = 0; i < 30 && !server.session.broken(); ++i) {
      // Frames with plausible headers, so that the payload checks are reached too.
      const auto type = static_cast<FrameType>(rng.below(11));
      const auto id = static_cast<std::uint32_t>(rng.below(3) == 0 ? 0 : 1 + 2 * rng.below(4));
      std::string payload = rng.below(2) == 0 ? script::block(script::kRequest) : std::string();
      for (std::uint64_t n = rng.below(12); n != 0; --n) payload += static_cast<char>(rng());
      const std::string bytes = script::frame(type, static_cast<std::uint8_t>(rng()), id, payload);
      const std::size_t split = rng.below(bytes.size() + 1);
      if (server.receive(bytes.substr(0, split))) server.receive(bytes.substr(split));
    }
    server.session.transport_closed();
    EXPECT_EQ(server.session.open_streams(), 0U);
  }
}

}  // namespace
}  // namespace weft::http2
