#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/rpc/connection/internal/connection.h"
#include "weft/rpc/connection/internal/rare_timer.h"
#include "weft/rpc/server/internal/admission.h"
#include "weft/rpc/server/internal/server_call.h"
#include "weft/rpc/server/socket/internal/peer_connections.h"

namespace weft::rpc {

/// Links a connection into its server loop's list.
struct ServerConnectionNode : ListNode {};

/// One client's connection to a server: makes calls of its streams and applies the limits of a
/// connection's life.
class ServerConnection final : public Connection, public ServerConnectionNode {
 public:
  ServerConnection(ServerLoop& server, std::unique_ptr<net::Stream> stream,
                   PeerConnections::Slot slot);
  ~ServerConnection() override = default;

  ServerLoop& server() noexcept { return server_; }

  /// Two-step GOAWAY, then closes when the last call has ended.
  void drain(const Status& why) noexcept;
  /// Ends the connection because of the memory it takes.
  void shed() noexcept;
  void account() noexcept override {
    memory()->set_own(sizeof(*this) + session().memory() + unprocessed() +
                      (peer()->tls == nullptr ? 0 : kTlsMemory));
  }
  /// The header blocks of nearly every response.
  http2::FixedBlock& usual_headers() noexcept { return usual_headers_; }
  http2::FixedBlock& usual_trailers() noexcept { return usual_trailers_; }
  /// Its part in the loop's rounds.
  Admission::Client& in_round() noexcept { return in_round_; }
  /// Answers a request that was not admitted. Its messages are dropped as they come.
  void refuse(http2::Stream& stream, Admission::Verdict verdict, const RequestHead& head,
              bool end_stream);
  /// Something of a response is being sent: the client's pings have a reason again, as gRPC's
  /// servers see it, and the next one is not held against it either.
  void note_sent() noexcept {
    ping_strikes_ = 0;
    last_ping_ = {};
  }
  bool is_draining() const noexcept { return draining_; }
  /// The stream has its answer, and no call, before the request has ended: what still comes is
  /// taken and dropped, within limits, so that its errors are still told (RFC 9113 section 5.4.2).
  void read_to_its_end(http2::Stream& stream);

  // http2::SessionHandler
  void on_headers(http2::Stream& stream, http2::HeadersKind kind, http2::HeaderFields fields,
                  bool end_stream) override;
  void on_headers_too_large(http2::Stream& stream, http2::HeadersKind kind,
                            bool end_stream) override;
  void on_data(http2::Stream& stream, BytesView data, bool end_stream) override;
  void on_drained(http2::Stream& stream) override;
  void on_stream_closed(http2::Stream& stream, const http2::StreamEnd& end) override;
  void on_settings() override {}
  void on_ping() override;
  void on_goaway(std::uint32_t last_stream_id, http2::ErrorCode code,
                 std::string_view debug) override;

 private:
  void on_closed(const Status& why) noexcept override;
  void on_activity() noexcept override;
  void on_flushed() noexcept override;
  void watch_header_block() noexcept;
  void check_stalls() noexcept;
  void on_own_ping_ack() noexcept override { finish_drain(); }
  void finish_drain() noexcept;
  void arm_idle() noexcept;
  void idle_over() noexcept;
  void arm_drain(Duration timeout) noexcept;
  void header_overdue() noexcept;
  void tell(ConnectionEvent::What what, ConnectionEvent::By by, const Status& status) noexcept;
  void stop_reading(const std::vector<http2::Stream*>& streams);

  ServerLoop& server_;
  PeerConnections::Slot slot_;
  using Timer = RareTimer<ServerConnection>;
  Timer handshake_;
  Timer age_;
  Timer idle_;
  Timer drain_;
  Timer header_;  // while a header block is unfinished
  Timer stall_;   // while something waits for the client to take it
  std::uint64_t written_at_check_ = 0;
  http2::FixedBlock usual_headers_;
  http2::FixedBlock usual_trailers_;
  http2::FixedBlock refusal_;
  std::uint32_t refusal_version_ = 0;
  Admission::Client in_round_;
  // Answered streams whose requests nobody wants, and how many bytes of such were dropped.
  static constexpr std::size_t kMostUnwanted = 8;
  static constexpr std::size_t kMostDropped = std::size_t{64} * 1024;
  std::vector<http2::Stream*> unwanted_;
  std::size_t dropped_ = 0;
  TimePoint last_ping_{};
  std::uint64_t data_sent_at_ping_ = 0;
  int ping_strikes_ = 0;
  bool greeted_ = false;
  bool aged_ = false;  // it drains because of its age
  bool goaway_came_ = false;
  bool draining_ = false;
  bool drain_finished_ = false;
};

inline ServerConnection& ServerCall::connection() const noexcept {
  return static_cast<ServerConnection&>(StreamMessages::connection());
}

}  // namespace weft::rpc
