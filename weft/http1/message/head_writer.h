#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/http1/message/head.h"

/// Writes heads and chunks (RFC 9112). What is appended has been checked before.
namespace weft::http1 {

/// rpc::why_no_field() as a status, INVALID_ARGUMENT naming the field.
Status check_field(const rpc::HttpField& field);

/// "Not Found"; "Unknown" of what RFC 9110 does not name.
std::string_view reason_of(int status) noexcept;

/// "HTTP/1.1 200 OK", with the line's end.
void append_status_line(std::string& out, int status);
/// "GET /path HTTP/1.1", with the line's end.
void append_request_line(std::string& out, std::string_view method, std::string_view target);
/// "name: value", with the line's end.
void append_field(std::string& out, std::string_view name, std::string_view value);
void append_field(std::string& out, std::string_view name, std::uint64_t value);
/// What stands before a chunk of `size` bytes, more than 0. Behind it comes kLineEnd.
void append_chunk_size(std::string& out, std::size_t size);
/// The last chunk, trailers, and the end of the message.
void append_last_chunk(std::string& out, rpc::HttpFields trailers = {});

inline constexpr std::string_view kLineEnd = "\r\n";

}  // namespace weft::http1
