// The floor: the least that a server can do for a gRPC call over HTTP/2. It cuts the input into
// frames, and where a request ends it answers with the request's own body between two header blocks
// that were encoded once. No HPACK decoding, no streams, no flow control beyond one window refill,
// no protobuf, one thread. What a server costs above this is what it does; it is a yardstick and no
// server.
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <arpa/inet.h>

#include "bench/peers/epoll_server.h"

namespace {

constexpr std::size_t kPreface = 24;
constexpr std::size_t kFrameHeader = 9;
constexpr std::uint8_t kData = 0, kHeaders = 1, kSettings = 4, kPing = 6, kWindowUpdate = 8;
constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4;
constexpr std::uint32_t kRefill = 1U << 29;

// RFC 7541: indexed :status 200; then literals, which the second response finds in the dynamic
// table, the last one first.
const std::string kFirstHeaders =
    std::string("\x88\x40\x0c") + "content-type" + "\x10" + "application/grpc";
const std::string kFirstTrailers = std::string("\x40\x0b") + "grpc-status" + "\x01" + "0";
const std::string kHeadersAgain = "\x88\xbf";
const std::string kTrailersAgain = "\xbe";

void append_u32(std::string& out, std::uint32_t value) {
  value = htonl(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  const std::array<char, 5> head{static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                                 static_cast<char>(size), static_cast<char>(type),
                                 static_cast<char>(flags)};
  out.append(head.data(), head.size());
  append_u32(out, stream);
  out.append(payload);
}

class Floor {
 public:
  bool take(std::string_view input, std::string& output) {
    if (!rest_.empty()) {
      rest_.append(input);
      input = rest_;
    }
    std::size_t used = 0;
    if (!greeted_ && input.size() >= kPreface) used = greet(output);
    if (greeted_) {
      while (const std::size_t frame = take_frame(input.substr(used), output)) used += frame;
    }
    rest_ = std::string(input.substr(used));
    return true;
  }

 private:
  std::size_t greet(std::string& output) {
    greeted_ = true;
    std::string settings("\x00\x03\x00\x00\x01\x00\x00\x04", 8);  // 256 streams, the largest window
    append_u32(settings, 0x7fffffff);
    append_frame(output, kSettings, 0, 0, settings);
    std::string window;
    append_u32(window, 0x7f000000);
    append_frame(output, kWindowUpdate, 0, 0, window);
    return kPreface;
  }

  /// The frame's size, 0 when it is not all there.
  std::size_t take_frame(std::string_view input, std::string& output) {
    if (input.size() < kFrameHeader) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
    const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    if (input.size() < kFrameHeader + size) return 0;
    const std::string_view payload = input.substr(kFrameHeader, size);
    const std::uint8_t flags = byte(4);
    std::uint32_t stream = 0;
    std::memcpy(&stream, input.data() + 5, sizeof stream);
    stream = ntohl(stream) & 0x7fffffff;
    if (byte(3) == kData) {
      answer(stream, flags, payload, output);
    } else if (byte(3) == kSettings && (flags & kAck) == 0) {
      append_frame(output, kSettings, kAck, 0, {});
    } else if (byte(3) == kPing && (flags & kAck) == 0) {
      append_frame(output, kPing, kAck, 0, payload);
    }
    return kFrameHeader + size;
  }

  void answer(std::uint32_t stream, std::uint8_t flags, std::string_view body,
              std::string& output) {
    received_ += static_cast<std::uint32_t>(body.size());
    if (received_ > kRefill) {
      std::string window;
      append_u32(window, received_);
      append_frame(output, kWindowUpdate, 0, 0, window);
      received_ = 0;
    }
    if ((flags & kEndStream) == 0) return;
    append_frame(output, kHeaders, kEndHeaders, stream, answered_ ? kHeadersAgain : kFirstHeaders);
    append_frame(output, kData, 0, stream, body);
    append_frame(output, kHeaders, kEndHeaders | kEndStream, stream,
                 answered_ ? kTrailersAgain : kFirstTrailers);
    answered_ = true;
  }

  std::string rest_;
  std::uint32_t received_ = 0;
  bool greeted_ = false;
  bool answered_ = false;
};

}  // namespace

int main(int argc, char* argv[]) { bench::serve<Floor>(argc, argv); }
