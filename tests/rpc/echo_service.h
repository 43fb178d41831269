#pragma once

#include "weft/rpc/blocking.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"

/// What these tests share: a server on a port that the system chose, and blocking calls to it.
namespace weft::rpc::test {

/// A server with one service, listening on 127.0.0.1.
template <class T>
class Serving {
 public:
  explicit Serving(ServerOptions options = {}) : server_(with_address(std::move(options))) {
    service_ = &server_.add<T>();
    started_ = server_.start();
  }
  Server& server() noexcept { return server_; }
  T& service() noexcept { return *service_; }
  const Status& started() const noexcept { return started_; }
  std::string target() const { return server_.addresses().front().to_string(); }

 private:
  static ServerOptions with_address(ServerOptions options) {
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    return options;
  }
  Server server_;
  T* service_ = nullptr;
  Status started_;
};

inline Result<Text> call(Channel& channel, std::string_view value,
                         const CallOptions& options = {}) {
  return call_unary_blocking<Text>(channel, kMethods[0], text(value), options);
}

}  // namespace weft::rpc::test
