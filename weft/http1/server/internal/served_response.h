#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/status.h"
#include "weft/http1/message/head.h"
#include "weft/http2/session/output.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::http1 {

/// Where a response goes.
class ResponseSink {
 public:
  virtual http2::OutputQueue& output() noexcept = 0;
  /// So much waits to be written that no more should be produced.
  virtual bool output_full() const noexcept = 0;
  /// Something was added to the output.
  virtual void flush_later() noexcept = 0;
  /// Whether the connection stays behind the response whose head is written now.
  virtual bool persists() = 0;
  /// The response is complete. `whole` is false where its content is not what its head says.
  virtual void on_response_end(bool whole) = 0;
  /// Nothing but the end of the connection will end the response: HTTP/1.0 has no chunks.
  virtual void on_unframed_response() = 0;
  /// From here on the connection carries raw bytes.
  virtual void on_tunnel() = 0;

 protected:
  ~ResponseSink() = default;
};

/// The response to one request, from what a handler says to what is written: how its content is
/// framed follows from the request, the status and the fields (RFC 9112 section 6).
///
///     begin() ─▶ the head waits ──first content, end(), or the turn's end──▶ it is written ─▶
///     content ─▶ ended
class ServedResponse final : public MessageWriter {
 public:
  ServedResponse(net::Loop& loop, ResponseSink& sink, const RequestHead& request) noexcept
      : loop_(loop), sink_(sink), request_(request) {}
  ServedResponse(const ServedResponse&) = delete;
  ServedResponse& operator=(const ServedResponse&) = delete;

  Status begin(int status, rpc::HttpFields fields);
  Status end(rpc::HttpFields trailers);
  /// A whole response in words, which waits for no room; where it has not begun.
  void answer(int status, std::string_view text);
  /// Writes a head that waits for content, which does not come in this turn.
  void commit_head();
  /// Nothing of it can be sent any more.
  void close() noexcept;
  /// There is room for output.
  void output_drained() noexcept { wake(); }

  /// What was sent of it would look whole if the connection ended now.
  bool would_look_whole() const noexcept {
    const bool by_connection = body_ == Body::Raw || body_ == Body::Undecided;
    return begun() && !ended_ && by_connection && !is_tunnel() &&
           request_.version == Version::Http10;
  }
  bool begun() const noexcept { return status_ != 0; }
  bool ended() const noexcept { return ended_; }
  std::size_t memory() const noexcept { return waiting_head_.capacity(); }

  // MessageWriter
  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override { return std::exchange(waiting_, nullptr) != nullptr; }

 private:
  enum class Body : std::uint8_t { Undecided, None, Length, Chunks, Raw };
  Status check(int status, rpc::HttpFields fields);
  Status check_switch() const;
  bool chooses_protocol(const rpc::HttpField& field) const noexcept;
  bool has_no_content() const noexcept;
  bool is_tunnel() const noexcept;
  void write_fields(std::string& head, rpc::HttpFields fields);
  void write_head(std::string& head);
  void decide(bool is_whole, std::size_t size);
  void write(const Message& message);
  void finish(bool whole);
  void put(std::string_view text);
  void wake() noexcept;

  net::Loop& loop_;
  ResponseSink& sink_;
  const RequestHead& request_;
  int status_ = 0;
  Body body_ = Body::Undecided;
  bool ended_ = false;
  bool closed_ = false;
  bool protocol_chosen_ = false;  // by the handler, of those that the client offers
  std::uint64_t left_ = 0;        // of Body::Length
  std::string waiting_head_;      // that does not say yet how its content ends
  Waiter* waiting_ = nullptr;
};

}  // namespace weft::http1
