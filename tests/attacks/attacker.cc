#include "tests/attacks/attacker.h"

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::attacks {
namespace {

using http2::FrameType;
using std::chrono::steady_clock;

// Long enough for a server that reads to come round to it on a busy machine.
constexpr Duration kStalled = std::chrono::seconds(2);

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int milliseconds(Duration duration) {
  return static_cast<int>(std::max<std::int64_t>(0, duration / std::chrono::milliseconds(1)));
}

/// As RFC 7541 section 5.1, with a prefix of seven bits.
void put_length(std::string& out, std::size_t size) {
  if (size < 127) {
    out += static_cast<char>(size);
    return;
  }
  out += static_cast<char>(127);
  std::size_t rest = size - 127;
  for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
  out += static_cast<char>(rest);
}

}  // namespace

Attacker::Attacker(int fd)
    : fd_(fd),
      decoder_(std::make_unique<http2::HpackDecoder>(
          http2::HpackDecoder::Limits{.table_size = 4096, .list_size = std::size_t{1} << 20})) {}

Attacker::Attacker(std::uint16_t port, Hello hello) : Attacker(connect_to(port)) {
  if (hello == Hello::Preface) send(testing::client_preface());
}

Attacker::Attacker(Attacker&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      closed_(other.closed_),
      incoming_(std::move(other.incoming_)),
      frames_(std::move(other.frames_)),
      returned_(std::move(other.returned_)),
      received_(other.received_),
      decoder_(std::move(other.decoder_)) {}

Attacker::~Attacker() { close(); }

void Attacker::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  closed_ = true;
}

bool Attacker::wait(short events, Duration limit, short& ready) {
  pollfd poll{.fd = fd_, .events = events, .revents = 0};
  const int count = ::poll(&poll, 1, milliseconds(limit));
  ready = poll.revents;
  return count > 0;
}

Attacker::Sent Attacker::send(std::string_view bytes, Reading reading) {
  while (!bytes.empty()) {
    if (closed_) return Sent::Closed;
    short ready = 0;
    const auto events = static_cast<short>(POLLOUT | (reading == Reading::Yes ? POLLIN : 0));
    if (!wait(events, kStalled, ready)) return Sent::Stalled;
    if (reading == Reading::Yes && (ready & POLLIN) != 0) take_available();
    if (closed_) return Sent::Closed;
    if ((ready & (POLLOUT | POLLERR | POLLHUP)) == 0) continue;
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      return Sent::Closed;
    }
  }
  return Sent::All;
}

std::size_t Attacker::flood(std::string_view unit, std::size_t times, Reading reading) {
  // Many at once: an attack is not to be held up by its own system calls.
  const std::size_t batch = std::max<std::size_t>(1, 16 * 1024 / unit.size());
  const std::string many = repeat(unit, batch);
  std::size_t sent = 0;
  while (sent < times) {
    const std::size_t n = std::min(batch, times - sent);
    if (send(std::string_view(many).substr(0, n * unit.size()), reading) != Sent::All) break;
    sent += n;
  }
  return sent;
}

bool Attacker::read(Duration limit) {
  if (closed_) return false;
  short ready = 0;
  if (!wait(POLLIN, limit, ready)) return true;
  take_available();
  return !closed_;
}

void Attacker::take_available() {
  char buffer[64 * 1024];
  const ssize_t n = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0) return take_bytes({buffer, static_cast<std::size_t>(n)});
  if (n == 0 || (errno != EAGAIN && errno != EINTR)) closed_ = true;
}

void Attacker::take_bytes(std::string_view bytes) {
  received_ += bytes.size();
  incoming_ += bytes;
  std::string_view rest = incoming_;
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (frames_.empty() && rest.starts_with(kPreface)) rest.remove_prefix(kPreface.size());
  while (rest.size() >= http2::kFrameHeaderSize) {
    const http2::FrameHeader header =
        http2::read_frame_header(reinterpret_cast<const std::uint8_t*>(rest.data()));
    if (rest.size() < http2::kFrameHeaderSize + header.length) break;
    take_frame(header, rest.substr(http2::kFrameHeaderSize, header.length));
    rest.remove_prefix(http2::kFrameHeaderSize + header.length);
  }
  incoming_.erase(0, incoming_.size() - rest.size());
}

void Attacker::take_frame(const http2::FrameHeader& header, std::string_view payload) {
  Frame frame{.type = header.type,
              .flags = header.flags,
              .stream_id = header.stream_id,
              .payload = std::string(payload),
              .fields = {}};
  if (header.type == FrameType::Headers) {
    decoder_->decode({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
    for (const http2::HeaderField& field : decoder_->fields()) {
      frame.fields.emplace_back(field.name, field.value);
    }
  }
  frames_.push_back(std::move(frame));
  returned_.push_back(false);
}

const Frame* Attacker::find(FrameType type, std::uint32_t stream_id, Duration limit) {
  const auto end = steady_clock::now() + limit;
  std::size_t next = 0;
  for (;;) {
    for (; next < frames_.size(); ++next) {
      const Frame& frame = frames_[next];
      if (returned_[next] || frame.type != type) continue;
      if (stream_id != kAnyStream && frame.stream_id != stream_id) continue;
      returned_[next] = true;
      return &frames_[next];
    }
    const auto left = end - steady_clock::now();
    if (closed_ || left <= Duration::zero()) return nullptr;
    read(std::chrono::duration_cast<Duration>(left));
  }
}

bool Attacker::wait_closed(Duration limit) {
  const auto end = steady_clock::now() + limit;
  while (!closed_) {
    const auto left = end - steady_clock::now();
    if (left <= Duration::zero()) return false;
    read(std::chrono::duration_cast<Duration>(left));
  }
  return true;
}

bool Attacker::round_trip() {
  if (send(testing::ping("roundtrp")) == Sent::Closed) return false;
  for (;;) {
    const Frame* frame = find(FrameType::Ping);
    if (frame == nullptr) return false;
    if ((frame->flags & http2::flag::kAck) != 0 && frame->payload == "roundtrp") return true;
  }
}

const Frame* Attacker::goaway() const noexcept {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (frame->type == FrameType::Goaway) return &*frame;
  }
  return nullptr;
}

std::string Attacker::last_words() const {
  const Frame* frame = goaway();
  if (frame == nullptr) return {};
  std::string text(http2::name_of(frame->error()));
  return frame->payload.size() > 8 ? text.append(" ").append(frame->payload.substr(8)) : text;
}

std::size_t Attacker::count(FrameType type) const noexcept {
  std::size_t count = 0;
  for (const Frame& frame : frames_) count += frame.type == type ? 1 : 0;
  return count;
}

std::string Attacker::log() const {
  std::string text;
  const std::size_t first = frames_.size() > 40 ? frames_.size() - 40 : 0;
  for (std::size_t i = first; i < frames_.size(); ++i) text += frames_[i].to_string() + "\n";
  return text;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string hex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
  }
  return out;
}

std::string priority(std::uint32_t stream_id, std::uint32_t dependency) {
  std::uint8_t payload[5];
  http2::write_u32(payload, dependency);
  payload[4] = 16;
  return testing::frame(FrameType::Priority, 0, stream_id,
                        {reinterpret_cast<char*>(payload), sizeof payload});
}

std::string continuation(std::uint32_t stream_id, std::string_view fragment, bool end_headers) {
  return testing::frame(FrameType::Continuation, end_headers ? http2::flag::kEndHeaders : 0,
                        stream_id, fragment);
}

std::string open_headers(std::uint32_t stream_id, std::string_view fragment, EndStream end) {
  return testing::frame(FrameType::Headers, end == EndStream::Yes ? http2::flag::kEndStream : 0,
                        stream_id, fragment);
}

std::string raw_headers(std::uint32_t stream_id, std::string_view block, EndStream end) {
  const int flags =
      http2::flag::kEndHeaders | (end == EndStream::Yes ? http2::flag::kEndStream : 0);
  return testing::frame(FrameType::Headers, static_cast<std::uint8_t>(flags), stream_id, block);
}

std::string block_of(const Fields& fields, bool indexed) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += indexed ? '\x40' : '\0';
    put_length(block, name.size());
    block += name;
    put_length(block, value.size());
    block += value;
  }
  return block;
}

std::string call(std::uint32_t stream_id, std::string_view message) {
  return open_call(stream_id) +
         testing::data(stream_id, testing::grpc_message(message), EndStream::Yes);
}

std::string open_call(std::uint32_t stream_id, std::string_view path) {
  return testing::headers(stream_id, testing::grpc_request(path));
}

std::string text_field(int number, std::string_view text) {
  std::string bytes(1, static_cast<char>(number << 3 | 2));
  std::size_t size = text.size();
  for (; size > 127; size >>= 7U) bytes += static_cast<char>(size | 0x80U);
  bytes += static_cast<char>(size);
  return bytes.append(text);
}

std::string compressed(std::string_view message, Compression encoding) {
  return testing::grpc_message(codec::compress(encoding, message)->view(), true);
}

std::string open_compressed(std::uint32_t stream_id, std::string_view path, Compression encoding) {
  return testing::headers(
      stream_id, testing::grpc_request(path, {{"grpc-encoding", std::string(name_of(encoding))}}));
}

}  // namespace weft::attacks
