#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/codec/json/json.h"
#include "weft/edge/edge.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/server.h"

#include "tests/command/notes_service.h"
#include "tests/command/program.h"
#include "tests/edge/library.h"

namespace weft::test {

/// A server with Notes and a Library that speaks gRPC, Connect, gRPC-Web and REST on one port of
/// this machine.
class WebServer {
 public:
  explicit WebServer(std::optional<TlsServerOptions> tls = std::nullopt)
      : server_(options(std::move(tls))) {
    server_.add<Notes>();
    server_.add<Library>();
    server_.add(json_codec());
    server_.add(edge::protocols());
    server_.add(http1::protocol());
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.to_string();
  }

  std::string address() const { return "localhost:" + std::to_string(server_.port()); }

  /// `weft call ADDRESS METHOD ... --no-defaults`.
  Ended call(const std::string& method, std::vector<std::string> rest) const {
    rest.insert(rest.begin(), {"call", address(), method, "--no-defaults"});
    return run_weft(rest);
  }

 private:
  static ServerOptions options(std::optional<TlsServerOptions> tls) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = std::move(tls);
    return options;
  }

  Server server_;
};

}  // namespace weft::test
