#include "weft/rpc/client/internal/connector.h"

#include <string>
#include <utility>

#include "weft/net/loop/awaited.h"
#include "weft/net/proxy/tunnel.h"
#include "weft/net/socket/first_to_answer.h"

namespace weft::rpc {
namespace {

struct Attempt {
  net::Loop& loop;
  ClientConnectionOwner& owner;
  const ConnectSettings& settings;
};

/// The name that the server has to prove: the authority's, or the target's where there is none.
std::string tls_host(const ConnectSettings& settings, const net::Address& address) {
  const Result<net::HostPort> authority = net::HostPort::parse(settings.authority, 443);
  if (authority.ok() && !authority->host.empty()) return authority->host;
  // Not the proxy's, which is what the address says.
  if (settings.proxy) {
    const Result<net::HostPort> destination = net::HostPort::parse(settings.proxy->destination);
    if (destination.ok()) return destination->host;
  }
  return address.host();
}

Task<Result<std::unique_ptr<net::Stream>>> connect_stream(const Attempt& attempt,
                                                          const net::Address& address) {
  Result<std::unique_ptr<net::Stream>> stream = co_await attempt.loop.connect(address);
  if (stream.ok() && attempt.settings.proxy) {
    stream = co_await net::open_tunnel(attempt.loop, std::move(*stream), *attempt.settings.proxy);
  }
  if (!stream.ok() || !attempt.settings.tls) co_return stream;
  std::string host = tls_host(attempt.settings, address);
  co_return co_await attempt.settings.tls->connect(std::move(*stream), std::move(host));
}

Status took_too_long(const net::Address& address, std::string_view what, Duration limit) {
  std::string message = address.to_string();
  message.append(": ").append(what).append(" within ").append(to_string(limit));
  return Status(StatusCode::Unavailable, message, Origin::Transport);
}

/// The server's SETTINGS, on a connection that has just been made.
Task<Status> await_greeting(ClientConnection& connection, TimePoint until, Duration limit) {
  net::Wait ready(connection.loop(), until);
  const net::Awaited awaited(connection.ready_wait(), ready);
  connection.start();
  Status status = co_await ready;
  if (!status.ok() || connection.serving()) co_return status;
  // It said hello and goodbye in one breath, as a TLS port does to plaintext.
  if (connection.greeted()) co_return connection.why_lost();
  co_return took_too_long(connection.peer()->address, "no HTTP/2 SETTINGS from the server", limit);
}

/// A server of TLS ends a connection that begins with plaintext, and as a rule without a word.
[[gnu::cold]] Status closed_silently(const Status& why) {
  std::string message(why.message());
  message.append("; it sent nothing: does it want TLS (ChannelOptions::tls)?");
  return Status(why.code(), message, why.origin());
}

Task<Result<NewConnection>> connect_to(Attempt attempt, net::Address address) {
  const Duration limit = attempt.settings.options.connect_timeout;
  Context context(co_await current_context());
  context.limit_deadline(after(attempt.loop.now(), limit));
  Result<std::unique_ptr<net::Stream>> stream =
      co_await connect_stream(attempt, address).in(context);
  if (!stream.ok()) {
    // The attempt's own limit is no call's deadline.
    if (stream.status().code() != StatusCode::DeadlineExceeded) co_return stream.status();
    Status late = took_too_long(address, "no connection", limit);
    co_return Status(late.code(),
                     std::string(late.message()).append(" (ChannelOptions::connect_timeout)"),
                     late.origin());
  }
  NewConnection made(std::make_unique<ClientConnection>(
      attempt.loop, attempt.owner, std::move(*stream), attempt.settings.options));
  const Status greeted = co_await await_greeting(*made.get(), context.deadline(), limit);
  if (!greeted.ok()) {
    const bool silent = made.get()->closed() && made.get()->session().error().ok();
    if (silent && !attempt.settings.tls) co_return closed_silently(greeted);
    co_return greeted;
  }
  co_return std::move(made);
}

}  // namespace

NewConnection::~NewConnection() {
  if (connection_ == nullptr) return;
  connection_->write_and_close(cancelled("the connection is not needed any more"));
  // It may be written to at the end of this turn.
  net::Loop& loop = connection_->loop();
  loop.post([owned = std::move(connection_)]() mutable { owned.reset(); });
}

Task<Result<NewConnection>> connect_to_any(net::Loop& loop, ClientConnectionOwner& owner,
                                           const ConnectSettings& settings,
                                           std::vector<net::Address> addresses) {
  const Attempt attempt{loop, owner, settings};
  return net::first_to_answer<NewConnection>(
      loop, std::move(addresses),
      [attempt](net::Address address) { return connect_to(attempt, std::move(address)); });
}

}  // namespace weft::rpc
