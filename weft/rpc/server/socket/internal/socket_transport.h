#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/transport.h"

namespace weft::rpc {

/// Calls that come over connections: listeners on the first loop, and each loop's connections.
class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(std::shared_ptr<ServerShared> shared) noexcept
      : shared_(std::move(shared)) {}

  void listen_on(std::string target) { targets_.push_back(std::move(target)); }
  bool has_targets() const noexcept { return !targets_.empty(); }
  /// Those it listens on, with the ports that were chosen.
  const std::vector<net::Address>& addresses() const noexcept { return addresses_; }

  std::string name() const override { return "sockets"; }
  Status start(const std::shared_ptr<Dispatcher>& dispatcher,
               std::span<net::Loop* const> loops) override;
  void drain(UniqueFunction<void()> idle) noexcept override;
  void cancel_all(const Status& reason) noexcept override;
  std::size_t active_calls() const noexcept override { return shared_->active_calls(); }
  std::string describe_calls(const net::Loop& loop) override;
  /// Stops listening, where nothing has come of start(); on the first loop's thread.
  void forget() noexcept;

 private:
  Status make_tls();
  Status listen_all();
  Status listen(const std::string& target);
  void accept(std::unique_ptr<net::Accepted> accepted);

  std::shared_ptr<ServerShared> shared_;
  std::vector<std::string> targets_;
  std::vector<net::Address> addresses_;
  std::vector<std::shared_ptr<ServerLoop>> loops_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;  // of the first loop's thread
};

}  // namespace weft::rpc
