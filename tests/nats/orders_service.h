#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server.h"
#include "weft/rpc/server_context.h"

#include "store.weft.h"

namespace weft::test {

/// What the tests call. On loops of several threads.
class Orders final : public store::OrdersService {
 public:
  Task<Result<store::OrderReply>> Place(ServerContext& context,
                                        const store::OrderRequest& request) override {
    ++calls;
    store::OrderReply reply;
    if (request.item() == "sleep") {
      const Status slept = co_await net::sleep(std::chrono::seconds(1));
      if (!slept.ok()) co_return slept;
    }
    if (request.item() == "unknown") {
      context.trailers().add("x-tail", "end");
      co_return not_found("no item \"" + request.item() + "\"").with_details("details");
    }
    if (request.item() == "large") {
      reply.set_text(std::string(request.count(), 'l'));
      co_return reply;
    }
    context.response_metadata().add("x-head", "start");
    reply.set_text(std::to_string(request.count()) + " of " + request.item() + " for " +
                   std::string(context.metadata().get("x-user").value_or("nobody")));
    co_return reply;
  }

  std::atomic<int> calls{0};
};

}  // namespace weft::test
