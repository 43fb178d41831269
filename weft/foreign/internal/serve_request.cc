#include "weft/foreign/internal/serve_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "weft/rpc/client/unary_call.h"

namespace weft::foreign {

Task<Status> serve_request(const RequestOrigin& origin, const Request& request, Bytes& response) {
  const rpc::CallRules& rules = origin.dispatcher.rules();
  const rpc::Route& route = *request.method->route;
  const std::size_t most = std::min(rules.max_receive_size, route.max_request_size);
  if (request.message.size() > most) {
    co_return resource_exhausted("a request of " + std::to_string(request.message.size()) +
                                 " bytes is larger than the limit of " + std::to_string(most) +
                                 " bytes (max_receive_size)");
  }
  Call call(Call::Side::Server, origin.loop, route.method->path, nullptr, &origin.context);
  call.set_route(route, *route.method);
  call.set_peer(origin.peer);
  call.set_max_receive_size(most);
  call.set_max_send_size(rules.max_send_size);
  if (origin.timeout != kForever) call.limit_timeout(origin.timeout);
  rpc::SingleRequest requests{Message(request.message)};
  rpc::SingleResponse responses;
  call.set_requests(requests);
  call.set_responses(responses);
  Task<Status> serving = origin.counted == RequestOrigin::Counted::Yes
                             ? origin.dispatcher.serve_request(call)
                             : origin.dispatcher.serve(call);
  Status status = co_await std::move(serving).in(call.context());
  status = responses.finish(std::move(status), response);
  if (status.ok() && response.size() > call.max_send_size()) {
    co_return resource_exhausted(
        "a response of " + std::to_string(response.size()) + " bytes is larger than the limit of " +
        std::to_string(call.max_send_size()) + " bytes (ServerOptions::max_send_size)");
  }
  co_return status;
}

}  // namespace weft::foreign
