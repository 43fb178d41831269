#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http2/frame/frame.h"
#include "weft/http2/hpack/header.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/grpc/deframer.h"

/// The pieces of gRPC's protocol over HTTP/2 (doc/PROTOCOL-HTTP2.md of the gRPC project) that are
/// pure functions of bytes.
namespace weft::rpc {

/// `grpc-timeout`: at most eight digits and a unit of H M S m u n. False when malformed.
bool parse_timeout(std::string_view text, Duration& out) noexcept;
/// Rounded up to what eight digits can say; never below "1n". `out` has room for 9 characters and
/// no end mark; returns the length.
std::size_t format_timeout(Duration timeout, char* out) noexcept;

/// `grpc-message`: bytes outside 0x20..0x7e and '%' are written as %XX.
void percent_encode(std::string_view text, std::string& out);
/// How much of `text`, up to the end of a character, percent_encode() turns into at most `room`
/// bytes, and into how many. Looks at no more of `text` than that.
struct EncodedPrefix {
  std::size_t text = 0;
  std::size_t encoded = 0;
};
EncodedPrefix percent_encoded_prefix(std::string_view text, std::size_t room) noexcept;
/// Never fails: an invalid escape is kept as it stands, as the protocol page asks.
std::string percent_decode(std::string_view text);

/// Base64 for `-bin` values: written without padding, read with or without.
constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes * 4 + 2) / 3; }
void base64_encode(std::string_view bytes, std::string& out);
bool base64_decode(std::string_view text, std::string& out);

/// Appends the metadata as header fields; encoded binary values live in `scratch`, which must
/// outlive the use of `fields` and must not be touched in between.
void append_fields(const Metadata& metadata, std::vector<http2::HeaderField>& fields,
                   std::string& scratch);
/// What add_received() made of a field.
enum class Received : std::uint8_t {
  Taken,
  Malformed,  ///< not base64; nothing was added
  TooLarge,   ///< the metadata would exceed the limit; nothing was added
};
/// Adds one received field as metadata: decodes `-bin` and splits comma-separated lists of it. A
/// list may add at most as much as keeps `metadata` within `limit` bytes, counted as
/// Metadata::wire_size() does; other fields are bounded by the header list they arrived in.
Received add_received(const http2::HeaderField& field, Metadata& metadata, std::size_t limit);
/// The error of a field that add_received() has not taken: INTERNAL where it is malformed,
/// RESOURCE_EXHAUSTED naming the limit and its option where it is too large.
Status bad_metadata(Received why, std::string_view name, std::size_t limit,
                    std::string_view option);

/// What a `content-type` says of a request or a response.
enum class ContentType : std::uint8_t {
  Protobuf,     ///< application/grpc or application/grpc+proto
  OtherFormat,  ///< gRPC whose messages are of another format: application/grpc+json
  NotGrpc,
};
/// Reads it with or without ;parameters, and without case, as media types are compared (RFC 9110
/// section 8.3.1).
ContentType content_type_of(std::string_view value) noexcept;
/// Of a gRPC content-type: "json" of application/grpc+json, without parameters; empty where it
/// names none.
std::string_view content_subtype(std::string_view value) noexcept;

/// Tables of the protocol page: the gRPC status for an HTTP status without grpc-status, and for an
/// HTTP/2 reset.
StatusCode status_of_http(int http_status) noexcept;
StatusCode status_of_reset(http2::ErrorCode code) noexcept;

/// grpc-status as a number 0..16; false when it is none (then the call's status is UNKNOWN).
bool parse_status(std::string_view text, StatusCode& out) noexcept;

/// `out` has room for kMessagePrefix bytes.
inline void write_message_prefix(std::uint8_t* out, bool compressed, std::uint32_t size) noexcept {
  out[0] = compressed ? 1 : 0;
  http2::write_u32(out + 1, size);
}

}  // namespace weft::rpc
