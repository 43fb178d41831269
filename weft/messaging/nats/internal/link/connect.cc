#include "weft/messaging/nats/internal/link/connect.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/coro/context.h"
#include "weft/messaging/nats/internal/link/broker_error.h"
#include "weft/messaging/nats/protocol/parser.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/first_to_answer.h"
#include "weft/net/socket/stream_io.h"

namespace weft::nats {
namespace {

using StreamPtr = std::unique_ptr<net::Stream>;

Task<Result<StreamPtr>> open_stream(const net::HostPort& broker) {
  net::Loop& loop = *net::Loop::current();
  Result<std::vector<net::Address>> addresses = co_await loop.resolve(broker.host, broker.port);
  if (!addresses.ok()) co_return addresses.status();
  const auto reach = [&loop](net::Address address) { return loop.connect(std::move(address)); };
  co_return co_await net::first_to_answer<StreamPtr>(loop, *std::move(addresses), reach);
}

/// What a broker says before it lets a client in, one operation after the other.
class Greeting {
 public:
  Greeting(net::Loop& loop, net::Stream& stream) : io_(loop, stream) {}

  Task<Status> next(Operation::Kind wanted);
  Task<Status> write(std::string_view bytes) { return io_.write(bytes); }
  const Operation& operation() const noexcept { return parser_.operation(); }
  /// What has come and was not read.
  std::string_view unread() const noexcept { return unread_; }

 private:
  net::StreamIo io_;
  Parser parser_;
  std::array<char, 4096> block_{};
  std::string_view unread_;
};

/// Reads the next operation, which is `wanted`; +OK and further INFO are passed over.
Task<Status> Greeting::next(Operation::Kind wanted) {
  for (;;) {
    const Parser::Progress progress = parser_.read(unread_);
    if (progress == Parser::Progress::Broken) co_return parser_.error();
    if (progress == Parser::Progress::NeedMore) {
      const Result<std::size_t> size = co_await io_.read(block_);
      if (!size.ok()) co_return size.status();
      if (*size == 0) {
        co_return Status(StatusCode::Unavailable, "the broker closed the connection",
                         Origin::Transport);
      }
      unread_ = {block_.data(), *size};
      continue;
    }
    const Operation& got = parser_.operation();
    if (got.kind == wanted) co_return Status();
    if (got.kind == Operation::Kind::Error) co_return broker_error(got.text);
    if (got.kind != Operation::Kind::Ok && got.kind != Operation::Kind::Info) {
      co_return Status(StatusCode::Internal, "what answers is no NATS broker", Origin::Transport);
    }
  }
}

Status check_tls(const Setup& setup, const BrokerInfo& info) {
  if (setup.to.tls && !info.tls_required && !info.tls_available) {
    return failed_precondition("the broker has no TLS, which nats+tls:// asks for");
  }
  if (!setup.to.tls && info.tls_required) {
    return failed_precondition("the broker wants TLS: the address has to begin with nats+tls://");
  }
  return {};
}

Task<Result<BrokerInfo>> read_info(net::Loop& loop, net::Stream& stream, const Setup& setup) {
  Greeting greeting(loop, stream);
  Status status = co_await greeting.next(Operation::Kind::Info);
  if (!status.ok()) co_return status;
  // What comes in plain text behind INFO could be somebody else's, and would count as protected.
  if (!greeting.unread().empty()) {
    co_return Status(StatusCode::Internal, "the broker sent more than INFO before the client spoke",
                     Origin::Transport);
  }
  Result<BrokerInfo> info = parse_info(greeting.operation().text);
  if (!info.ok()) co_return info;
  status = check_tls(setup, *info);
  if (!status.ok()) co_return status;
  if (!info->headers) {
    co_return failed_precondition("the broker has no headers, which NATS has since version 2.2");
  }
  co_return info;
}

/// Says who the client is, and waits until the broker has agreed.
Task<Result<std::string>> introduce(net::Loop& loop, net::Stream& stream, const Setup& setup) {
  Greeting greeting(loop, stream);
  const std::string hello = connect_line(setup) + "PING\r\n";
  Status status = co_await greeting.write(hello);
  if (!status.ok()) co_return status;
  status = co_await greeting.next(Operation::Kind::Pong);
  if (!status.ok()) co_return status;
  co_return std::string(greeting.unread());
}

Task<Result<Session>> connect_and_greet(const Setup& setup, const net::HostPort& broker) {
  net::Loop& loop = *net::Loop::current();
  Result<StreamPtr> stream = co_await open_stream(broker);
  if (!stream.ok()) co_return stream.status();
  const Result<BrokerInfo> info = co_await read_info(loop, **stream, setup);
  if (!info.ok()) co_return info.status();
  if (setup.tls != nullptr) {
    stream = co_await setup.tls->connect(*std::move(stream), broker.host);
    if (!stream.ok()) co_return stream.status();
  }
  Result<std::string> unread = co_await introduce(loop, **stream, setup);
  if (!unread.ok()) co_return unread.status();
  Session session;
  session.stream = *std::move(stream);
  session.info = *info;
  session.unread = *std::move(unread);
  co_return session;
}

}  // namespace

Task<Result<Session>> connect(const Setup& setup, const net::HostPort& broker) {
  const TimePoint deadline = after(net::Loop::current()->now(), setup.options.connect_timeout);
  Result<Session> session = co_await net::with_deadline(deadline, connect_and_greet(setup, broker));
  if (session.ok()) co_return session;
  Status status = session.status();
  if (status.code() == StatusCode::DeadlineExceeded) {
    status = Status(StatusCode::Unavailable, "no connection within Options::connect_timeout",
                    Origin::Transport);
  }
  // Errors of sockets name the address.
  const std::string name = name_of(broker);
  co_return status.message().starts_with(name) ? status : status.with_prefix("NATS at " + name);
}

}  // namespace weft::nats
