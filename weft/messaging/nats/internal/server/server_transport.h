#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weft/messaging/nats/internal/server/server_part.h"
#include "weft/messaging/nats/transport.h"
#include "weft/rpc/server/transport.h"

namespace weft::nats {

/// Calls that come over a NATS broker: a part on each loop.
class ServerTransport final : public rpc::Transport {
 public:
  ServerTransport(std::string address, Options options);

  /// Without credentials.
  std::string name() const override;
  Status start(const std::shared_ptr<rpc::Dispatcher>& dispatcher,
               std::span<net::Loop* const> loops) override;
  void drain(UniqueFunction<void()> idle) noexcept override;
  void cancel_all(const Status& reason) noexcept override;
  std::string describe_calls(const net::Loop& loop) override;

 private:
  const std::string address_;
  const Options options_;
  std::vector<std::shared_ptr<ServerPart>> parts_;  // since start()
};

}  // namespace weft::nats
