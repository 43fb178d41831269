#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http2/session/session.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/stream.h"

namespace weft::cli {

/// What a peer speaks, as its first bytes show.
enum class Spoken : std::uint8_t { Nothing, Http2, Http1, Tls, Other };
Spoken spoken(std::string_view first_bytes) noexcept;

/// An HTTP/2 connection without calls: the server's SETTINGS, and PING. It belongs to the loop it
/// is made on; one coroutine at a time waits on it, until it is done or its context ends.
class Http2Probe final : private http2::SessionHandler, private net::StreamHandler {
 public:
  explicit Http2Probe(std::unique_ptr<net::Stream> stream);
  Http2Probe(const Http2Probe&) = delete;
  Http2Probe& operator=(const Http2Probe&) = delete;
  ~Http2Probe();

  /// Says hello and waits for the server's SETTINGS; not OK when they come with a GOAWAY.
  Task<Status> greet();
  /// From the sending of a PING to its answer.
  Task<Result<Duration>> ping();

  const http2::Settings& settings() const noexcept { return session_.peer_settings(); }
  /// What the server sent first, at most kKept bytes.
  const std::string& first_bytes() const noexcept { return first_bytes_; }
  const net::Stream& stream() const noexcept { return *stream_; }
  static constexpr std::size_t kKept = 256;

 private:
  void on_headers(http2::Stream&, http2::HeadersKind, http2::HeaderFields, bool) override {}
  void on_headers_too_large(http2::Stream&, http2::HeadersKind, bool) override {}
  void on_data(http2::Stream&, BytesView, bool) override {}
  void on_drained(http2::Stream&) override {}
  void on_stream_closed(http2::Stream&, const http2::StreamEnd&) override {}
  void on_settings() override;
  void on_ping_ack(std::uint64_t payload) override;
  void on_ping() override {}
  void on_goaway(std::uint32_t last, http2::ErrorCode code, std::string_view debug) override;
  void on_connection_error(http2::ErrorCode code, const Status& status) override;

  void on_readable() noexcept override;
  void on_writable() noexcept override { flush(); }
  void receive(std::string_view bytes);
  void flush() noexcept;
  void fail(Status why) noexcept;
  void wake() noexcept;
  Status ended() const;

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  http2::Session session_;
  std::string first_bytes_;
  std::string goaway_;  // what a GOAWAY said
  Status failure_;
  net::Wait* waiting_ = nullptr;
  std::uint64_t pings_ = 0;
  TimePoint answered_{};
  bool settings_received_ = false;
  bool ping_answered_ = false;
};

}  // namespace weft::cli
