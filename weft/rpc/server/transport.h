#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/status.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::rpc {

/// Brings calls to a server: from sockets, callers in the same process, a broker. Server::add()
/// takes one; the server starts, drains, cancels and waits for all its transports together.
///
/// A transport makes a Call for each call that comes, on one of the server's loops, gives it to the
/// dispatcher there, and sends back the status.
class Transport {
 public:
  virtual ~Transport() = default;
  /// For messages: "inproc:greeter".
  virtual std::string name() const = 0;
  /// Begins to bring calls to `dispatcher`, which is kept as long as there are calls, on `loops`,
  /// which outlive those. On the thread of the first loop, except where the loops are the program's
  /// own (ServerOptions::loops): then on the thread that calls Server::start(). Not OK: why not;
  /// then nothing was begun, and start() may be called again.
  virtual Status start(const std::shared_ptr<Dispatcher>& dispatcher,
                       std::span<net::Loop* const> loops) = 0;
  /// Takes no calls any more, tells peers so where they can be told, and calls `idle` once the last
  /// call has ended, on any thread. Once after each successful start(), from any thread; returns at
  /// once. `idle` keeps the server, so it is let go of once it has been called.
  virtual void drain(UniqueFunction<void()> idle) noexcept = 0;
  /// Cancels the remaining calls with `reason`, after drain(). From any thread; returns at once.
  virtual void cancel_all(const Status& reason) noexcept = 0;
  /// How many calls are served now; from any thread. Without the calls in Dispatcher::serve(),
  /// which counts them itself.
  virtual std::size_t active_calls() const noexcept { return 0; }
  /// The paths of the calls on `loop`, on its thread: a stop logs them when it does not wait any
  /// longer.
  virtual std::string describe_calls(const net::Loop& /*loop*/) { return {}; }
};

/// Makes the transport of an address. What is wrong with the address is for Transport::start() to
/// say.
using TransportFactory = std::function<std::unique_ptr<Transport>(const std::string& address)>;

/// Has servers that listen on `scheme:...` (ServerOptions::listen, Server::listen()) use a
/// transport of this factory, where the address is given afterwards; in place of what there was for
/// that scheme. A component does so when it is linked. From any thread. Server::add() is for a
/// single server.
void register_transport(std::string scheme, TransportFactory factory);

/// The factory registered for the scheme of `address`; empty: there is none.
TransportFactory find_transport(std::string_view address);

}  // namespace weft::rpc
