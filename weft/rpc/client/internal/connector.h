#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/address.h"
#include "weft/rpc/client/internal/client_connection.h"
#include "weft/rpc/client/internal/subchannel.h"

namespace weft::rpc {

/// A connection that may be given up at any time, also before the server has said anything.
class NewConnection {
 public:
  NewConnection() noexcept = default;
  explicit NewConnection(std::unique_ptr<ClientConnection> connection) noexcept
      : connection_(std::move(connection)) {}
  NewConnection(NewConnection&&) noexcept = default;
  NewConnection& operator=(NewConnection&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
  }
  ~NewConnection();

  ClientConnection* get() const noexcept { return connection_.get(); }
  std::unique_ptr<ClientConnection> take() noexcept { return std::move(connection_); }

 private:
  std::unique_ptr<ClientConnection> connection_;
};

/// Connects to one server by the first of its addresses that answers: gets a stream, TLS where it
/// is asked for, and the server's SETTINGS, before which it may be anything. The next address is
/// tried when one fails or has not answered for 250 ms, beside it (RFC 8305, "Happy Eyeballs"); the
/// losers are given up. Its context being cancelled ends it.
Task<Result<NewConnection>> connect_to_any(net::Loop& loop, ClientConnectionOwner& owner,
                                           const ConnectSettings& settings,
                                           std::vector<net::Address> addresses);

}  // namespace weft::rpc
