#include "tests/fuzz/peer_frames.h"

#include <vector>

namespace weft::fuzz {
namespace {

constexpr std::uint32_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4,
                        kPing = 6, kGoaway = 7;
constexpr std::uint32_t kWindowUpdate = 8, kContinuation = 9;
constexpr std::uint32_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 32;

std::string u32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
std::string u16(std::uint32_t value) { return u32(value).substr(2); }

/// An HPACK integer below a prefix of seven bits.
std::string integer(std::size_t value) {
  if (value < 127) return {static_cast<char>(value)};
  std::string out(1, 127);
  for (value -= 127; value >= 128; value /= 128) out += static_cast<char>(value % 128 + 128);
  return out += static_cast<char>(value);
}

}  // namespace

std::string PeerFrames::frame(std::uint32_t type, std::uint32_t flags, std::uint32_t id,
                              std::string_view payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::string out = u32(length).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out.append(u32(id)).append(payload);
}

std::string PeerFrames::credit(std::uint32_t id, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, id, u32(increment));
}

std::string PeerFrames::greeting() {
  std::string out;
  if (session_ == http2::Role::Server) out = http2::kClientPreface;
  return out + settings();
}

std::string PeerFrames::next() {
  switch (input_.below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return headers();
    case 5:
    case 6:
    case 7:
    case 8:
      return data();
    case 9:
      return frame(kReset, 0, any_stream(), u32(input_.u8()));
    case 10:
      return settings();
    case 11:
      return frame(kSettings, kAck, 0, {});
    case 12:
    case 13:
    case 14:
      return window_update();
    case 15: {
      const std::string payload = input_.flip() ? "weft-bdp" : u32(0) + u32(input_.u8());
      return frame(kPing, input_.flip() ? kAck : 0, 0, payload);
    }
    case 16:
      return goaway();
    case 17:
      return frame(kPriority, 0, any_stream(), u32(any_stream()) + "\x10");
    case 18:
      return frame(10 + input_.u8() % 200, input_.u8(), any_stream(), input_.text());
    default:
      return raw();
  }
}

std::string PeerFrames::rubbish() { return std::string(input_.text()); }

/// Any frame at all, its length true.
std::string PeerFrames::raw() {
  const std::uint32_t type = input_.u8() % 12;
  const std::uint32_t flags = input_.u8();
  const std::uint32_t id = input_.flip() ? any_stream() : input_.u32();
  return frame(type, flags, id, input_.text());
}

/// Mostly one that exists or is about to.
std::uint32_t PeerFrames::any_stream() {
  const std::uint32_t choice = input_.u8();
  if (choice == 255) return 0;
  if (choice >= 250) return highest_id_ + choice - 249;
  const std::uint32_t back = 2 * (choice % 8);
  return highest_id_ > back ? highest_id_ - back : highest_id_;
}

std::uint32_t PeerFrames::new_stream() {
  highest_id_ = highest_id_ == 0 ? 1 : highest_id_ + 2;
  if (input_.rarely(32)) highest_id_ += 2 * input_.u8();
  if (input_.rarely(128)) highest_id_ = 0x7fffffff - 2 * (input_.u8() % 4U);
  return highest_id_;
}

std::string PeerFrames::setting() {
  static constexpr std::uint32_t kAllowed[] = {0, 1, 100, 1000, 4096, 16384, 65535, 0x7fffffff};
  static constexpr std::uint32_t kFrames[] = {16384, 16385, 65536, (1 << 24) - 1};
  static constexpr std::uint32_t kOdd[] = {0,          2,          16383,     1 << 24,
                                           0x7ffffffe, 0x80000000, 0xffffffff};
  const std::uint32_t id = input_.below(8);
  if (input_.rarely(16))
    return u16(id) + u32(input_.rarely(4) ? input_.u32() : input_.one_of(kOdd));
  if (id == 2) return u16(id) + u32(0);
  return u16(id) + u32(id == 5 ? input_.one_of(kFrames) : input_.one_of(kAllowed));
}

std::string PeerFrames::settings() {
  std::string payload;
  for (std::size_t n = input_.below(4); n != 0; --n) payload += setting();
  return frame(kSettings, 0, 0, payload);
}

std::string PeerFrames::window_update() {
  static constexpr std::uint32_t kIncrements[] = {0,     1,       100,        1000,
                                                  65535, 1 << 20, 0x7fff0000, 0x7fffffff};
  const std::uint32_t id = input_.flip() ? 0 : any_stream();
  return frame(kWindowUpdate, 0, id,
               u32(input_.rarely(4) ? input_.u16() : input_.one_of(kIncrements)));
}

std::string PeerFrames::goaway() {
  const std::uint32_t last = input_.flip() ? 0x7fffffff : any_stream();
  return frame(kGoaway, 0, 0, u32(last) + u32(input_.below(16)).append(input_.text()));
}

std::string PeerFrames::padded(std::string_view payload, std::uint32_t& flags) {
  if (!input_.rarely(8)) return std::string(payload);
  flags |= kPadded;
  const std::size_t padding = input_.u8();
  std::string out(1, static_cast<char>(padding));
  out.append(payload);
  return input_.rarely(8) ? out : out.append(padding, '\0');
}

std::string PeerFrames::data() {
  std::uint32_t flags = input_.rarely(4) ? kEndStream : 0;
  const std::string payload = padded(body(), flags);
  return frame(kData, flags, any_stream(), payload);
}

std::string PeerFrames::body() {
  static constexpr std::size_t kSizes[] = {0, 1, 5, 100, 1000, 9000, 16384, 16385};
  return std::string(input_.one_of(kSizes), 'd');
}

/// HEADERS that open a stream, answer on one, or end it; perhaps cut into CONTINUATIONs.
std::string PeerFrames::headers() {
  const bool opens = session_ == http2::Role::Server && !input_.rarely(4);
  const std::uint32_t id = opens ? new_stream() : any_stream();
  std::uint32_t flags = kEndHeaders | (input_.rarely(3) ? kEndStream : 0);
  const std::string fields = block();
  std::string head = fields;
  if (input_.rarely(16)) {
    flags |= kHasPriority;
    head = u32(input_.flip() ? id : 0) + "\x10" + fields;
  }
  if (!input_.rarely(8)) return frame(kHeaders, flags, id, padded(head, flags));
  const std::size_t cut = input_.u8() % (head.size() + 1);
  flags &= ~kEndHeaders;
  std::string out = frame(kHeaders, flags, id, std::string_view(head).substr(0, cut));
  for (std::size_t n = input_.rarely(16) ? 70 : input_.below(3); n != 0; --n) {
    out += frame(kContinuation, 0, id, {});
  }
  if (input_.rarely(16)) return out;  // what comes next stands within the block
  return out + frame(kContinuation, kEndHeaders, id, std::string_view(head).substr(cut));
}

std::string PeerFrames::block() {
  std::string out;
  switch (input_.below(8)) {
    case 0:
      return std::string(input_.text());
    case 1:
    case 2:
      out = trailers();
      break;
    default:
      out = session_ == http2::Role::Server ? request() : response();
  }
  for (std::size_t n = input_.rarely(3) ? input_.below(8) : 0; n != 0; --n) out += odd_field();
  return out;
}

std::string PeerFrames::request() {
  static constexpr std::string_view kMethods[] = {"POST", "GET", "HEAD", "CONNECT", ""};
  std::string out = indexed(":method", input_.flip() ? "POST" : input_.one_of(kMethods));
  if (!input_.rarely(16)) out += indexed(":scheme", "http");
  if (!input_.rarely(16)) out += indexed(":path", input_.flip() ? "/s/M" : input_.text());
  if (input_.flip()) out += literal(":authority", "h");
  return out;
}

std::string PeerFrames::response() {
  static constexpr std::string_view kStatuses[] = {"200", "100", "103", "204", "304",
                                                   "404", "101", "0",   "2000"};
  return indexed(":status", input_.flip() ? "200" : input_.one_of(kStatuses));
}

std::string PeerFrames::trailers() {
  return indexed("grpc-status", "0") + indexed("grpc-message", input_.flip() ? "" : "so it was");
}

std::string PeerFrames::odd_field() {
  static constexpr std::string_view kNames[] = {
      "content-length", "te",       "connection", "Upper",   ":path", "x-a",  "cookie",
      "grpc-timeout",   "bad name", "",           ":status", "host",  "x-bin"};
  static constexpr std::string_view kValues[] = {"0", "5", "100", "trailers", "", " x", "a\nb"};
  const std::string_view name = input_.rarely(8) ? input_.text() : input_.one_of(kNames);
  if (input_.rarely(16)) return literal(name, std::string(200 * input_.u8(), 'v'));
  const std::string_view value = input_.rarely(8) ? input_.text() : input_.one_of(kValues);
  return input_.flip() ? literal(name, value) : indexed(name, value);
}

std::string PeerFrames::literal(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out.append(integer(name.size())).append(name);
  return out.append(integer(value.size())).append(value);
}

std::string PeerFrames::indexed(std::string_view name, std::string_view value) {
  const http2::HeaderField field{.name = name, .value = value};
  const http2::HeaderFields fields(&field, 1);
  std::vector<std::uint8_t> out(encoder_.bound(fields));
  const std::uint8_t* end = encoder_.encode(fields, out.data());
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(end - out.data())};
}

}  // namespace weft::fuzz
