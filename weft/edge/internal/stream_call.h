#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/edge/answer/internal/held_part.h"
#include "weft/edge/answer/internal/response_fields.h"
#include "weft/edge/internal/served_call.h"
#include "weft/edge/internal/text_decoder.h"
#include "weft/rpc/grpc/deframer.h"

namespace weft::edge {

/// A call whose messages come and go in envelopes: Connect's streams, and gRPC-Web's calls of every
/// kind. An envelope has gRPC's prefix:
///
///     flags        1 byte   0x01: compressed, 0x02 (Connect) or 0x80 (gRPC-Web): the end
///     length       4 bytes  big-endian
///     content               a message, or what stands at the end
///
/// The end is the status and the trailers: JSON in Connect, lines `name: value` in gRPC-Web.
class StreamCall final : public ServedCall {
 public:
  StreamCall(rpc::HttpExchange& exchange, CallRequest& request, const Cors& cors);

 private:
  MessageReader::Poll receive(Message& out) override;
  MessageWriter::Poll send(const Message& message) override;
  void announce() noexcept override { static_cast<void>(begin()); }
  Task<> end(const Status& status) override;
  std::size_t content_memory() const noexcept override {
    return deframer_.held() + (single_ ? single_->pinned : 0) + tail_.size() + held_.memory();
  }

  MessageReader::Poll take_content();
  Status push(const Bytes& part);
  MessageReader::Poll end_content(Message& out);
  MessageReader::Poll deliver(rpc::Deframer::Item item, Message& out);

  /// Begins the response, once. False where that is not possible.
  bool begin();
  Bytes envelope(std::uint8_t flags, std::string_view content) const;
  Bytes end_envelope(const Status& status);
  /// What gRPC-Web says at the end.
  ResponseFields end_fields(const Status& status);
  std::string content_type() const;
  void add_status(const Status& status, ResponseFields& fields) const;
  Task<> write_refusal(const Status& status);
  void write_head_only(ResponseFields& fields);

  const bool web_;
  const bool text_in_;
  const bool text_out_;
  const bool single_request_;
  const bool single_response_;
  rpc::Deframer deframer_;
  TextDecoder text_;
  std::optional<rpc::Deframer::Item> single_;  // waits for the end of the request
  bool input_ended_ = false;
  bool begun_ = false;
  Compression compression_ = Compression::Identity;  // of the response
  Bytes tail_;                                       // the only response, which leaves with the end
  HeldPart held_;
};

}  // namespace weft::edge
