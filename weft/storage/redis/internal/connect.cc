#include "weft/storage/redis/internal/connect.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/coro/context.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/first_to_answer.h"
#include "weft/net/socket/stream_io.h"

namespace weft::redis {
namespace {

using StreamPtr = std::unique_ptr<net::Stream>;

Task<Result<StreamPtr>> open_stream(const Setup& setup) {
  net::Loop& loop = *net::Loop::current();
  const Endpoint& endpoint = setup.endpoint;
  std::vector<net::Address> addresses;
  if (endpoint.is_unix) {
    addresses.push_back(net::Address::unix_path(endpoint.host));
  } else {
    Result<std::vector<net::Address>> found = co_await loop.resolve(endpoint.host, endpoint.port);
    if (!found.ok()) co_return found.status();
    addresses = *std::move(found);
  }
  const auto reach = [&loop](net::Address address) { return loop.connect(std::move(address)); };
  Result<StreamPtr> stream =
      co_await net::first_to_answer<StreamPtr>(loop, std::move(addresses), reach);
  if (!stream.ok() || setup.tls == nullptr) co_return stream;
  co_return co_await setup.tls->connect(*std::move(stream), endpoint.host);
}

/// What a connection begins with.
std::vector<Command> greeting(const Setup& setup) {
  const Endpoint& endpoint = setup.endpoint;
  Command hello("HELLO", 3);
  if (!endpoint.password.empty() || !endpoint.user.empty()) {
    hello.add("AUTH").add(endpoint.user.empty() ? "default" : endpoint.user).add(endpoint.password);
  }
  if (!setup.options.client_name.empty()) hello.add("SETNAME").add(setup.options.client_name);
  std::vector<Command> commands;
  commands.push_back(std::move(hello));
  if (endpoint.database != 0) commands.emplace_back("SELECT", endpoint.database);
  return commands;
}

Status greeting_error(std::string_view text) {
  const Status status = error_status(text);
  if (status.code() != StatusCode::Unimplemented) return status;
  return failed_precondition("the server has no RESP3, which Redis has since version 6");
}

/// The answers to the greeting.
class Greeted {
 public:
  Greeted(const ReplyLimits& limits, std::size_t due) : parser_(limits), due_(due) {}

  bool done() const noexcept { return due_ == 0; }
  Status take(std::string_view bytes) {
    while (!bytes.empty()) {
      const Parser::Progress progress = parser_.read(bytes);
      if (progress == Parser::Progress::NeedMore) break;
      if (progress == Parser::Progress::Broken) return parser_.error();
      Status error = parser_.error();
      const Value reply = parser_.take();
      // The server sends it by itself.
      if (reply.type() == Type::Push) continue;
      if (!error.ok()) return error;
      if (reply.type() == Type::Error) return greeting_error(reply.text());
      if (done()) return too_much();
      --due_;
    }
    // What begins now would be the answer to the first command.
    return done() && parser_.is_in_reply() ? too_much() : Status();
  }

 private:
  static Status too_much() {
    return Status(StatusCode::Internal, "the server sent more than the answers to HELLO and SELECT",
                  Origin::Transport);
  }

  Parser parser_;
  std::size_t due_;
};

Task<Status> greet(net::Loop& loop, net::Stream& stream, const Setup& setup) {
  const std::vector<Command> commands = greeting(setup);
  std::string text;
  for (const Command& command : commands) command.write_to(text);
  net::StreamIo io(loop, stream);
  Status status = co_await io.write(text);
  if (!status.ok()) co_return status;
  Greeted greeted(setup.options.reply, commands.size());
  std::array<char, 4096> block;
  while (!greeted.done()) {
    const Result<std::size_t> size = co_await io.read(block);
    if (!size.ok()) co_return size.status();
    if (*size == 0) co_return unavailable("the server closed the connection");
    status = greeted.take({block.data(), *size});
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

Task<Result<StreamPtr>> connect_and_greet(const Setup& setup) {
  Result<StreamPtr> stream = co_await open_stream(setup);
  if (!stream.ok()) co_return stream;
  const Status status = co_await greet(*net::Loop::current(), **stream, setup);
  if (!status.ok()) co_return status;
  co_return stream;
}

}  // namespace

Task<Result<StreamPtr>> connect(const Setup& setup) {
  const TimePoint deadline = after(net::Loop::current()->now(), setup.options.connect_timeout);
  Result<StreamPtr> stream = co_await net::with_deadline(deadline, connect_and_greet(setup));
  if (stream.ok()) co_return stream;
  Status status = stream.status();
  if (status.code() == StatusCode::DeadlineExceeded) {
    status = Status(StatusCode::Unavailable, "no connection within Options::connect_timeout",
                    Origin::Transport);
  }
  // Errors of sockets name the address.
  const std::string name = setup.endpoint.name();
  co_return status.message().starts_with(name) ? status : status.with_prefix(name);
}

}  // namespace weft::redis
