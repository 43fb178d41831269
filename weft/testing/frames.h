#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/http2/frame/frame.h"

/// HTTP/2 frames and gRPC messages by hand, for scripts. Nothing here checks anything, so that what
/// is wrong can be written as easily as what is right.
namespace weft::testing {

/// Names and values of a header block, in order.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// A frame as it came in.
struct Frame {
  http2::FrameType type = http2::FrameType::Data;
  std::uint8_t flags = 0;
  std::uint32_t stream_id = 0;
  /// As on the wire; of HEADERS the whole block, with that of the CONTINUATIONs.
  std::string payload;
  /// Of HEADERS, decoded.
  Fields fields;

  bool end_stream() const noexcept;
  /// The first value of that name; empty where there is none.
  std::string_view field(std::string_view name) const noexcept;
  /// Of RST_STREAM and GOAWAY.
  http2::ErrorCode error() const noexcept;
  /// "HEADERS 1 end_stream", "DATA 1 size=5", "RST_STREAM 1 CANCEL", "GOAWAY last=1 NO_ERROR text",
  /// "SETTINGS ack", "WINDOW_UPDATE 0 +100", "PING".
  std::string to_string() const;
};

std::string frame(http2::FrameType type, std::uint8_t flags, std::uint32_t stream_id,
                  std::string_view payload = {});

enum class EndStream : std::uint8_t { No, Yes };

/// One HEADERS frame, as literals that no table keeps.
std::string headers(std::uint32_t stream_id, const Fields& fields, EndStream end = EndStream::No);
std::string data(std::uint32_t stream_id, std::string_view payload, EndStream end = EndStream::No);
std::string settings(std::initializer_list<std::pair<http2::SettingId, std::uint32_t>> values = {});
std::string settings_ack();
/// `payload`: eight bytes.
std::string ping(std::string_view payload = "12345678");
std::string ping_ack(std::string_view payload);
std::string rst_stream(std::uint32_t stream_id, http2::ErrorCode code);
std::string window_update(std::uint32_t stream_id, std::uint32_t increment);
std::string goaway(std::uint32_t last_stream_id, http2::ErrorCode code,
                   std::string_view debug = {});
/// What a client sends first: the preface and SETTINGS.
std::string client_preface();

/// gRPC's frame around a message: flag, length, bytes.
std::string grpc_message(std::string_view bytes, bool compressed = false);
/// The header block of a gRPC request, with `more` at its end.
Fields grpc_request(std::string_view path, const Fields& more = {});
/// The header block that begins a gRPC response, with `more` at its end.
Fields grpc_response(const Fields& more = {});
/// The header block that ends a gRPC response.
Fields grpc_trailers(int status, std::string_view message = {});

}  // namespace weft::testing
