#pragma once

#include <string>

#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/client/internal/at_endpoint.h"

namespace weft::rpc {

/// Asks one endpoint for the health of a service as long as there is a connection to it
/// (grpc.health.v1.Health/Watch, gRFC A17), and tells the subchannel.
class HealthWatch {
 public:
  HealthWatch(net::Loop& loop, Subchannel& subchannel, const ConnectSettings& settings,
              std::string service)
      : loop_(loop),
        subchannel_(subchannel),
        endpoint_(subchannel, settings),
        service_(std::move(service)) {}

  /// Begins, unless it has. There is a connection.
  void start();

 private:
  Task<> run();
  Task<Status> watch_once();

  net::Loop& loop_;
  Subchannel& subchannel_;
  AtEndpoint endpoint_;
  std::string service_;
  bool running_ = false;
  bool answered_ = false;  // by the stream that is open
  Context context_;
  // Last: destroyed as it is.
  Task<> task_;
};

}  // namespace weft::rpc
