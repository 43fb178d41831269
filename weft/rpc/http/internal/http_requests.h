#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"

namespace weft::rpc {

/// The handlers of a server's HTTP requests, in the order in which they are asked.
class HttpRequests final : public OtherRequests {
 public:
  void add(std::shared_ptr<HttpHandler> handler) { handlers_.push_back(std::move(handler)); }
  Status start(const Dispatcher& dispatcher) override;
  bool take(ServerConnection& connection, http2::Stream& stream, http2::HeaderFields fields,
            bool end_stream) override;
  HttpHandler* handler_for(const HttpHead& head) const override;

 private:
  std::vector<std::shared_ptr<HttpHandler>> handlers_;
};

}  // namespace weft::rpc
