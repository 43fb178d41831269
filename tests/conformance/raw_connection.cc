#include "tests/conformance/raw_connection.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::conformance {

using http2::FrameType;
using testing::Frame;

RawConnection::RawConnection(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server under test");
  }
}

RawConnection::~RawConnection() { close(socket_); }

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool RawConnection::read_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (closed_ || !read_some(deadline)) return done();
  }
  return true;
}

bool RawConnection::read_to_the_end() {
  return read_until([this] { return closed_; });
}

bool RawConnection::read_stream(std::uint32_t id) {
  return read_until([this, id] { return stream_ended(id); });
}

bool RawConnection::settle() {
  const std::string payload = "settle" + std::to_string(10 + pings_++);
  send(testing::ping(payload));
  return read_until([this, &payload] {
    const Frame* answer = last(FrameType::Ping, 0);
    return answer != nullptr && answer->payload == payload;
  });
}

bool RawConnection::read_some(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
  if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
  std::array<char, 65536> buffer;
  const ssize_t n = recv(socket_, buffer.data(), buffer.size(), 0);
  if (n <= 0) {
    closed_ = true;
    return true;
  }
  incoming_.append(buffer.data(), static_cast<std::size_t>(n));
  take_frames();
  return true;
}

void RawConnection::take_frames() {
  std::size_t at = 0;
  while (incoming_.size() - at >= http2::kFrameHeaderSize) {
    const http2::FrameHeader header =
        http2::read_frame_header(reinterpret_cast<const std::uint8_t*>(incoming_.data() + at));
    const std::size_t size = http2::kFrameHeaderSize + header.length;
    if (incoming_.size() - at < size) break;
    take_frame(header,
               std::string_view(incoming_).substr(at + http2::kFrameHeaderSize, header.length));
    at += size;
  }
  incoming_.erase(0, at);
}

void RawConnection::take_frame(const http2::FrameHeader& header, std::string_view payload) {
  if (header.type != FrameType::Continuation) {
    frames_.push_back({.type = header.type,
                       .flags = header.flags,
                       .stream_id = header.stream_id,
                       .payload = std::string(payload),
                       .fields = {}});
  } else {
    frames_.back().payload.append(payload);
  }
  const bool block = header.type == FrameType::Headers || header.type == FrameType::Continuation;
  if (!block || !header.has(http2::flag::kEndHeaders)) return;
  // weft sends HEADERS without padding and priority, so the payload is the block.
  Frame& whole = frames_.back();
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(whole.payload.data()),
                        whole.payload.size());
  if (decoder_.decode(bytes) != http2::HpackDecoder::Outcome::Ok) {
    whole.fields.emplace_back("(does not decode)", decoder_.error());
    return;
  }
  for (const http2::HeaderField& field : decoder_.fields()) {
    whole.fields.emplace_back(field.name, field.value);
  }
}

std::size_t RawConnection::count(FrameType type, std::uint32_t stream_id) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      frames_.begin(), frames_.end(),
      [=](const Frame& frame) { return frame.type == type && frame.stream_id == stream_id; }));
}

const Frame* RawConnection::first(FrameType type, std::uint32_t stream_id) const noexcept {
  for (const Frame& frame : frames_) {
    if (frame.type == type && frame.stream_id == stream_id) return &frame;
  }
  return nullptr;
}

const Frame* RawConnection::last(FrameType type, std::uint32_t stream_id) const noexcept {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (frame->type == type && frame->stream_id == stream_id) return &*frame;
  }
  return nullptr;
}

std::size_t RawConnection::settings_acks() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(frames_.begin(), frames_.end(), [](const Frame& frame) {
        return frame.type == FrameType::Settings && (frame.flags & http2::flag::kAck) != 0;
      }));
}

std::size_t RawConnection::data_size(std::uint32_t stream_id) const noexcept {
  std::size_t size = 0;
  for (const Frame& frame : frames_) {
    if (frame.type == FrameType::Data && frame.stream_id == stream_id) size += frame.payload.size();
  }
  return size;
}

bool RawConnection::stream_ended(std::uint32_t id) const noexcept {
  return std::any_of(frames_.begin(), frames_.end(), [id](const Frame& frame) {
    return frame.stream_id == id && (frame.type == FrameType::RstStream || frame.end_stream());
  });
}

std::string RawConnection::log() const {
  std::string text;
  for (const Frame& frame : frames_) {
    text.append(frame.to_string());
    for (const auto& [name, value] : frame.fields) text.append(" ").append(name + "=" + value);
    text += '\n';
  }
  return text.append(closed_ ? "(closed)\n" : "");
}

}  // namespace weft::conformance
