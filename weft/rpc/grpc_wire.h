#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http2/frame.h"
#include "weft/http2/header.h"
#include "weft/rpc/deframer.h"
#include "weft/rpc/metadata.h"

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
/// Never fails: an invalid escape is kept as it stands, as the protocol page asks.
std::string percent_decode(std::string_view text);

/// Base64 for `-bin` values: written without padding, read with or without.
void base64_encode(std::string_view bytes, std::string& out);
bool base64_decode(std::string_view text, std::string& out);

/// Appends the metadata as header fields; encoded binary values live in `scratch`, which must
/// outlive the use of `fields` and must not be touched in between.
void append_fields(const Metadata& metadata, std::vector<http2::HeaderField>& fields,
                   std::string& scratch);
/// Adds one received field as metadata: decodes `-bin` (comma-separated lists are split). False
/// when it is malformed.
bool add_received(const http2::HeaderField& field, Metadata& metadata);

/// Whether `content-type` is application/grpc, with or without +proto, +json or a ;parameter.
bool is_grpc_content_type(std::string_view value) noexcept;

/// Tables of the protocol page: what a client makes of an HTTP status without grpc-status, and of
/// an HTTP/2 reset.
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
