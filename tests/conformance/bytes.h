#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "weft/testing/frames.h"

/// Frames and header blocks by hand, beyond those of weft/testing/frames.h.
namespace weft::conformance {

using http2::ErrorCode;
using http2::FrameType;
using http2::SettingId;
using testing::client_preface;
using testing::data;
using testing::EndStream;
using testing::Fields;
using testing::Frame;
using testing::frame;
using testing::goaway;
using testing::grpc_message;
using testing::grpc_request;
using testing::headers;
using testing::ping;
using testing::rst_stream;
using testing::settings;
using testing::settings_ack;
using testing::window_update;

namespace flag = http2::flag;

inline std::string octets(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

inline std::string u32(std::uint32_t value) {
  std::string out(4, '\0');
  http2::write_u32(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}

/// A setting with any number (RFC 9113 section 6.5.1).
inline std::string setting(std::uint16_t id, std::uint32_t value) {
  return octets({id >> 8, id & 0xff}) + u32(value);
}

/// What weft announces as SETTINGS_MAX_FRAME_SIZE on both sides.
inline constexpr std::uint32_t kFrameLimit = 64 * 1024;

/// A frame's header alone, announcing any length.
inline std::string frame_header(std::uint32_t length, FrameType type, std::uint8_t flags,
                                std::uint32_t id) {
  std::string out(http2::kFrameHeaderSize, '\0');
  http2::write_frame_header(reinterpret_cast<std::uint8_t*>(out.data()),
                            {.length = length, .type = type, .flags = flags, .stream_id = id});
  return out;
}

/// The header block of headers() without its frame: literals that no table keeps.
inline std::string block(const Fields& fields) {
  return headers(1, fields).substr(http2::kFrameHeaderSize);
}

inline std::string headers_frame(std::uint32_t id, std::string_view payload,
                                 int flags = flag::kEndHeaders) {
  return frame(FrameType::Headers, static_cast<std::uint8_t>(flags), id, payload);
}
inline std::string continuation(std::uint32_t id, std::string_view payload,
                                int flags = flag::kEndHeaders) {
  return frame(FrameType::Continuation, static_cast<std::uint8_t>(flags), id, payload);
}
inline std::string priority(std::uint32_t id, std::uint32_t dependency) {
  return frame(FrameType::Priority, 0, id, u32(dependency) + "\x10");
}
/// A DATA frame with padding, whose pad length may say anything.
inline std::string padded_data(std::uint32_t id, std::string_view payload, int pad_length,
                               std::string_view padding, int flags = 0) {
  std::string content = octets({pad_length});
  content.append(payload).append(padding);
  return frame(FrameType::Data, static_cast<std::uint8_t>(flags | flag::kPadded), id, content);
}

/// With the reserved bit before the stream identifier set (RFC 9113 section 4.1).
inline std::string with_reserved_bit(std::string bytes) {
  bytes[5] = static_cast<char>(bytes[5] | 0x80);
  return bytes;
}

// Requests to the service of server_row.h

inline const Fields kUnary = grpc_request("/test.Kinds/Unary");

/// A message of BytesValue, in gRPC's framing. Below 128 bytes.
inline std::string message(std::string_view value) {
  std::string proto = octets({0x0a, static_cast<int>(value.size())});
  return grpc_message(proto.append(value));
}

/// A whole unary call, which is answered with OK.
inline std::string call(std::uint32_t id, std::string_view value = "hi") {
  return headers(id, kUnary) + data(id, message(value), EndStream::Yes);
}
/// A call that goes on until the client ends its requests: the stream is open.
inline std::string open(std::uint32_t id) {
  return headers(id, grpc_request("/test.Kinds/Collect"));
}
/// A call whose handler takes an hour: the stream is half-closed (remote).
inline std::string waiting(std::uint32_t id) { return call(id, "wait"); }
/// Not gRPC's: answered as HTTP at once, with the request not yet ended. Half-closed (local).
inline std::string answered(std::uint32_t id) {
  return headers(id, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}});
}
/// The stream is open and gets an error of its own, so the server resets it: closed.
inline std::string reset_by_server(std::uint32_t id) { return open(id) + window_update(id, 0); }

inline Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [name](const auto& field) { return field.first == name; });
  return fields;
}
/// With these fields at the end of the list.
inline Fields plus(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
/// With another value for a field.
inline Fields with(Fields fields, std::string_view name, std::string_view value) {
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}
/// A whole unary call with these fields.
inline std::string call_with(std::uint32_t id, const Fields& fields) {
  return headers(id, fields) + data(id, message("hi"), EndStream::Yes);
}

}  // namespace weft::conformance
