#include "weft/http1/client/internal/pool/dial.h"

#include <utility>

#include "weft/coro/context.h"
#include "weft/net/proxy/tunnel.h"
#include "weft/net/socket/first_to_answer.h"

namespace weft::http1 {
namespace {

using Connected = Result<std::unique_ptr<net::Stream>>;

Task<Connected> connect_through(net::Loop& loop, const Route& route, net::Address address) {
  Connected stream = co_await loop.connect(std::move(address));
  if (stream.ok() && route.tunnel) {
    stream = co_await net::open_tunnel(loop, std::move(*stream), *route.tunnel);
  }
  if (!stream.ok() || route.tls == nullptr) co_return stream;
  std::string host = route.host;
  co_return co_await route.tls->connect(std::move(*stream), std::move(host));
}

Task<Connected> connect_to(net::Loop& loop, const Route& route, net::Address address) {
  Context* const parent = co_await current_context();
  Context context(parent);
  const std::string shown = address.to_string();
  context.limit_deadline(after(loop.now(), route.connect_timeout));
  Task<Connected> connecting = connect_through(loop, route, std::move(address));
  Connected stream = co_await std::move(connecting).in(context);
  // The attempt's own limit is no deadline of the request.
  const bool own = !stream.ok() && stream.status().code() == StatusCode::DeadlineExceeded &&
                   (parent == nullptr || context.deadline() < parent->deadline());
  if (!own) co_return stream;
  co_return Status(StatusCode::Unavailable,
                   shown + ": no connection within " + to_string(route.connect_timeout) +
                       " (ClientOptions::connect_timeout)",
                   Origin::Transport);
}

}  // namespace

Task<Connected> dial(net::Loop& loop, const Route& route, std::vector<net::Address> addresses) {
  return net::first_to_answer<std::unique_ptr<net::Stream>>(
      loop, std::move(addresses), [&loop, &route](net::Address address) {
        return connect_to(loop, route, std::move(address));
      });
}

}  // namespace weft::http1
