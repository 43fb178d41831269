#include "weft/edge/websocket/internal/socket_exchange.h"

#include <new>
#include <optional>
#include <utility>

#include "weft/base/text/utf8.h"
#include "weft/edge/answer/internal/envelope_flags.h"
#include "weft/edge/websocket/internal/head_message.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::edge {
namespace {

/// Why the code of a Close is sent where the server itself has no more room or time.
CloseCode code_of(const Status& reason) noexcept {
  return reason.code() == StatusCode::ResourceExhausted ? CloseCode::TryLater
                                                        : CloseCode::GoingAway;
}

}  // namespace

SocketExchange::Tick::Tick(SocketExchange& of) noexcept
    : net::Timer([](net::Timer& timer) noexcept { static_cast<Tick&>(timer).self.tick(); }),
      self(of) {}

SocketExchange::Stop::Stop(SocketExchange& of) noexcept
    : CancelHook([](CancelHook& hook, const Status& reason) noexcept {
        SocketExchange& self = static_cast<Stop&>(hook).self;
        self.output_.close(code_of(reason), reason.message());
        self.end_input(reason);
      }),
      self(of) {}

SocketExchange::SocketExchange(rpc::HttpExchange& wire, const WebSocketOptions& options)
    : wire_(wire),
      options_(options),
      head_(wire.head()),
      context_(&wire.context()),
      input_(wire.loop()),
      output_(wire.loop(), wire.response()),
      receiving_(receive()) {
  for (const rpc::HttpField& field : head_.fields) {
    if (!field.name.starts_with("sec-websocket-")) fields_.push_back(field);
  }
  if (!wire.context().add_hook(stop_)) {
    end_input(wire.context().cancel_reason());
    return;
  }
  await_client(options_.open_timeout);
  receiving_.start(
      &context_,
      {[](void* self) noexcept { static_cast<SocketExchange*>(self)->on_received(); }, this});
}

Task<Status> SocketExchange::opened() {
  while (!opened_ && !context_.is_cancelled()) {
    changed_.reset();
    const Status waited = co_await changed_.wait();
    if (!waited.ok()) co_return waited;
  }
  co_return context_.cancel_reason();
}

Task<> SocketExchange::close() {
  output_.close(CloseCode::Normal, {});
  closing_ = true;
  input_.room().set();
  if (!over_) await_client(options_.close_timeout);
  while (!over_) {
    changed_.reset();
    const Status waited = co_await changed_.wait();
    if (!waited.ok()) break;
  }
}

/// Reads the connection, from the beginning to the end; how that came.
Task<Status> SocketExchange::receive() {
  while (!over_) {
    const std::optional<Message> part = co_await wire_.content().read();
    if (!part) break;
    heard_ = loop().now();
    pinged_ = false;
    const Bytes bytes = part->to_bytes();
    take(bytes.view());
    while (input_.full() && !over_ && !closing_) {
      const Status waited = co_await input_.room().wait();
      if (!waited.ok()) break;
    }
  }
  co_return cancelled("the client's connection ended without a Close");
}

void SocketExchange::on_received() noexcept {
  try {
    end_input(receiving_.result());
  } catch (const std::bad_alloc&) {
    const Status why = resource_exhausted("the server has no memory for what the client sends");
    fail(CloseCode::TryLater, why);
    end_input(why);
  }
}

void SocketExchange::take(std::string_view bytes) {
  FrameReader::Item item;
  while (!over_) {
    switch (frames_.next(bytes, item)) {
      case FrameReader::Outcome::NeedMore:
        if (!context_.is_cancelled()) static_cast<void>(account());
        return;
      case FrameReader::Outcome::Refused:
        fail(frames_.violation().code, invalid_argument(frames_.violation().why));
        return end_input(context_.cancel_reason());
      case FrameReader::Outcome::Item:
        take_item(item);
        break;
    }
  }
}

void SocketExchange::take_item(const FrameReader::Item& item) {
  if (item.opcode == Opcode::Close) return take_close(item.payload);
  // What comes before the client has seen a Close is dropped.
  if (output_.closed()) return;
  switch (item.opcode) {
    case Opcode::Text:
      return take_text(item);
    case Opcode::Binary:
      return take_binary(item);
    case Opcode::Ping:
      return output_.send(Opcode::Pong, item.payload);
    default:
      return;
  }
}

void SocketExchange::take_text(const FrameReader::Item& item) {
  if (opened_) {
    return fail(CloseCode::Unsupported, invalid_argument("only the first message may be a text"));
  }
  const std::size_t limit = dispatcher().rules().max_metadata_size;
  if (item.payload.size() > limit - first_text_.size()) {
    return fail(
        CloseCode::TooBig,
        resource_exhausted("the first message is larger than the limit of " +
                           std::to_string(limit) + " bytes (ServerOptions::max_metadata_size)"));
  }
  first_text_.append(item.payload);
  if (!item.ends) return;
  if (!is_utf8(first_text_)) {
    return fail(CloseCode::NotUtf8, invalid_argument("a text message is not UTF-8"));
  }
  const Status read = read_head_message(first_text_, fields_);
  if (!read.ok()) return fail(CloseCode::Policy, read);
  open();
}

void SocketExchange::take_binary(const FrameReader::Item& item) {
  if (!opened_) open();
  if (item.begins) at_start_ = true;
  if (item.payload.empty()) return;
  if (std::exchange(at_start_, false)) {
    if (input_.ended()) {
      return fail(CloseCode::Policy, invalid_argument("a message follows the end of the requests"));
    }
    // What it holds beside says nothing.
    const auto flags = static_cast<unsigned char>(item.payload.front());
    if ((flags & kConnectEnd) != 0) return input_.end();
  }
  if (!input_.ended()) input_.add(item.payload);
}

void SocketExchange::take_close(std::string_view payload) {
  Violation violation;
  const std::optional<CloseReason> reason = read_close(payload, violation);
  if (!reason) {
    fail(violation.code, invalid_argument(violation.why));
    return end_input(context_.cancel_reason());
  }
  const bool has_code = !payload.empty();
  output_.close(has_code ? static_cast<CloseCode>(reason->code) : CloseCode::Normal, {});
  end_input(cancelled("the client closed the WebSocket with code " + std::to_string(reason->code)));
}

void SocketExchange::open() {
  head_.fields = fields_;
  opened_ = true;
  await_client(options_.ping_interval);
  changed_.set();
}

Status SocketExchange::begin(int status, rpc::HttpFields fields) {
  if (std::exchange(begun_, true)) return failed_precondition("the response has begun before");
  if (status != 200) {
    return internal_error("a WebSocket has no place for the response status " +
                          std::to_string(status));
  }
  std::string text;
  if (Status written = write_head_message(fields, text); !written.ok()) return written;
  output_.send(Opcode::Text, text);
  return {};
}

std::size_t SocketExchange::memory() const noexcept {
  return sizeof(SocketExchange) + first_text_.capacity() + input_.memory() + output_.memory();
}

Status SocketExchange::hold(std::size_t bytes) {
  held_ = bytes;
  return wire_.hold(held_ + memory());
}

bool SocketExchange::account() {
  const Status room = wire_.hold(held_ + memory());
  if (!room.ok()) fail(CloseCode::TryLater, room);
  return room.ok();
}

void SocketExchange::fail(CloseCode code, const Status& why) noexcept {
  output_.close(code, why.message());
  context_.cancel(why);
  changed_.set();
}

/// Nothing more comes.
void SocketExchange::end_input(const Status& why) noexcept {
  over_ = true;
  tick_.cancel();
  context_.cancel(why);
  input_.end();
  changed_.set();
}

void SocketExchange::await_client(Duration time) {
  heard_ = loop().now();
  loop().arm(tick_, after(heard_, time));
}

void SocketExchange::tick() noexcept {
  if (closing_) return end_input(cancelled("the client has not answered a Close"));
  if (!opened_) {
    fail(CloseCode::Policy,
         cancelled("the first message has not come within " + to_string(options_.open_timeout)));
    return;
  }
  const TimePoint now = loop().now();
  // A client that this server holds up is not heard.
  if (input_.full()) return await_client(options_.ping_interval);
  if (pinged_) {
    return fail(CloseCode::Policy, cancelled("the client has not answered a Ping within " +
                                             to_string(options_.pong_timeout)));
  }
  const TimePoint due = after(heard_, options_.ping_interval);
  if (now < due) return loop().arm(tick_, due);
  pinged_ = true;
  output_.send(Opcode::Ping, {});
  loop().arm(tick_, after(now, options_.pong_timeout));
}

}  // namespace weft::edge
