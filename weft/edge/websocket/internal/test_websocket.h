#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/edge/internal/test_edge.h"
#include "weft/edge/websocket/internal/frame.h"
#include "weft/edge/websocket/websocket.h"
#include "weft/http1/server/protocol.h"
#include "weft/testing/in_process.h"
#include "weft/testing/raw_client.h"

/// For this library's tests: a server with the service of edge's tests, and clients that send
/// bytes.
namespace weft::edge::test {

/// A client's frame.
inline std::string masked(Opcode opcode, std::string_view payload, bool last = true) {
  constexpr std::array<char, 4> kMask = {'\x37', '\xfa', '\x21', '\x3d'};
  std::array<char, kMostFrameHead> head;
  const std::size_t size = write_frame_head(head.data(), opcode, payload.size());
  if (!last) head[0] = static_cast<char>(head[0] & 0x7f);
  head[1] = static_cast<char>(head[1] | 0x80);
  std::string frame = std::string(head.data(), size).append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ kMask[i % kMask.size()]);
  }
  return frame;
}

/// An envelope with a Note.
inline std::string request(std::string_view text) {
  return testing::grpc_message(note(text).SerializeAsString());
}
/// What ends the requests.
inline std::string end_of_requests() { return masked(Opcode::Binary, {"\x02\0\0\0\0", 5}); }
inline std::string send_note(std::string_view text) {
  return masked(Opcode::Binary, request(text));
}

/// The frames of a server: "text:...", "flags:content" of an envelope, "ping:", "pong:...",
/// "close:CODE REASON". They are removed from `bytes`, which end with a whole one.
inline std::vector<std::string> take_frames(std::string& bytes) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (bytes.size() - at >= 2) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    std::size_t size = byte(1);
    std::size_t head = 2;
    if (size >= 126) {
      head = size == 126 ? 4 : 10;
      size = 0;
      for (std::size_t i = 2; i < head; ++i) size = size << 8 | byte(i);
    }
    const std::string payload = bytes.substr(at + head, size);
    switch (static_cast<Opcode>(byte(0) & 0x0f)) {
      case Opcode::Text:
        found.push_back("text:" + payload);
        break;
      case Opcode::Ping:
        found.push_back("ping:" + payload);
        break;
      case Opcode::Pong:
        found.push_back("pong:" + payload);
        break;
      case Opcode::Close:
        found.push_back("close:" + std::to_string(byte(head) << 8 | byte(head + 1)) + " " +
                        payload.substr(std::min<std::size_t>(2, payload.size())));
        break;
      default:
        for (std::string& one : envelopes(payload)) found.push_back(std::move(one));
    }
    at += head + size;
  }
  bytes.erase(0, at);
  return found;
}

class SocketWorld {
 public:
  enum class First : std::uint8_t { WebSocket, Protocols };
  explicit SocketWorld(WebSocketOptions options = {}, ServerOptions server = {},
                       First first = First::WebSocket)
      : world_({.server = server}) {
    notes_ = &world_.add<Notes>();
    if (first == First::Protocols) world_.server().add(protocols());
    world_.server().add(websocket(std::move(options)));
    if (first == First::WebSocket) world_.server().add(protocols());
    world_.server().add(http1::protocol());
  }

  /// A connection on which nothing was sent.
  std::unique_ptr<testing::RawClient> connect() {
    world_.start();
    auto connected = world_.run(
        world_.client_host().connect(net::Address::memory("server", testing::InProcess::kPort)));
    if (!connected.ok()) throw testing::DidNotHappen(connected.status().to_string());
    return std::make_unique<testing::RawClient>(world_.client_host(), std::move(*connected));
  }
  static std::string opening(std::string_view path, std::string_view more = {}) {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(more) + "\r\n";
  }
  /// An open WebSocket of protobuf's messages.
  std::unique_ptr<testing::RawClient> open(std::string_view path, std::string_view more = {}) {
    std::unique_ptr<testing::RawClient> client = connect();
    const std::string head =
        ask(*client,
            opening(path, "Sec-WebSocket-Protocol: weft.connect.v1+proto\r\n" + std::string(more)));
    if (!head.starts_with("HTTP/1.1 101 ")) throw testing::DidNotHappen("an upgrade: " + head);
    return client;
  }
  /// What comes back within `time`.
  std::string ask(testing::RawClient& client, std::string_view bytes, Duration time = 100ms) {
    client.send(bytes);
    world_.run_for(time);
    return client.take();
  }
  std::vector<std::string> frames(testing::RawClient& client, std::string_view bytes,
                                  Duration time = 100ms) {
    std::string answer = ask(client, bytes, time);
    std::vector<std::string> found = take_frames(answer);
    if (!answer.empty()) throw testing::DidNotHappen("a whole frame");
    return found;
  }

  testing::InProcess& world() noexcept { return world_; }
  Notes& notes() noexcept { return *notes_; }

 private:
  testing::InProcess world_;
  Notes* notes_;
};

}  // namespace weft::edge::test
