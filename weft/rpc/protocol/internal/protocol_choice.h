#pragma once

#include <memory>
#include <span>
#include <string>

#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"
#include "weft/rpc/protocol/wire_protocol.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"
#include "weft/rpc/server/socket/internal/peer_connections.h"

namespace weft::rpc {

/// A connection of which is not known yet which protocol it speaks.
class ProtocolChoice final : public OtherConnection, private net::StreamHandler {
 public:
  ProtocolChoice(ServerLoop& server, std::span<const std::shared_ptr<WireProtocol>> protocols,
                 std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot);
  ProtocolChoice(const ProtocolChoice&) = delete;
  ProtocolChoice& operator=(const ProtocolChoice&) = delete;
  ~ProtocolChoice() override;

  void start() noexcept;

  // OtherConnection
  bool drain() noexcept override { return false; }
  void cancel(const Status& /*reason*/) noexcept override {}
  std::string describe() const override { return stream_->peer_address().to_string(); }

 private:
  struct Timeout final : net::Timer {
    explicit Timeout(ProtocolChoice& of) noexcept : Timer(&ProtocolChoice::expired), self(of) {}
    ProtocolChoice& self;
  };
  void on_readable() noexcept override { look(); }
  void on_writable() noexcept override {}
  static void expired(net::Timer& timer) noexcept;
  void look() noexcept;
  bool judge();
  void chosen(WireProtocol* protocol);
  void left() noexcept;
  void not_chosen(const std::string& why) noexcept;

  ServerLoop& server_;
  const std::span<const std::shared_ptr<WireProtocol>> protocols_;
  std::unique_ptr<net::Stream> stream_;
  PeerConnections::Slot slot_;
  std::string bytes_;
  Timeout timeout_{*this};
};

/// Has `protocol` serve a connection.
void serve_wire(ServerLoop& server, WireProtocol& protocol, std::unique_ptr<net::Stream> stream,
                PeerConnections::Slot slot);

}  // namespace weft::rpc
