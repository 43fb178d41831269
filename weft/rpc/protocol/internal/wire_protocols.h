#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/rpc/protocol/wire_protocol.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"

namespace weft::rpc {

/// The protocols of a server beside HTTP/2, in the order in which they are asked.
class WireProtocols final : public OtherProtocols {
 public:
  void add(std::shared_ptr<WireProtocol> protocol);
  void take(ServerLoop& server, std::unique_ptr<net::Stream> stream,
            PeerConnections::Slot slot) override;
  std::vector<std::string> alpn() const override;

 private:
  WireProtocol* chosen_by_alpn(std::string_view name) const noexcept;
  std::vector<std::shared_ptr<WireProtocol>> protocols_;
};

}  // namespace weft::rpc
