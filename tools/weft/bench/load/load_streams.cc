// The lanes of methods that take or give streams.

#include <utility>

#include "weft/rpc/client/client_stream.h"

#include "tools/weft/bench/load/load_worker.h"
#include "tools/weft/call/dynamic_call.h"

namespace weft::cli::bench {
namespace {

/// Encodes the method's messages and sends them all.
Task<> send_all(const MixedMethod& method, std::vector<Bytes> messages, BytesStream& stream,
                std::size_t& sent) {
  const bool single = !streams_requests(method.descriptor.kind);
  for (const Bytes& bytes : messages) {
    const Message message = single ? Message(bytes).mark_last() : Message(bytes);
    const bool taken = co_await stream.write(message);
    if (!taken) co_return;
    sent += bytes.size();
  }
  stream.half_close();
}

Status one_response(Status status, MethodKind kind, std::size_t count) {
  if (!status.ok() || streams_responses(kind) || count == 1) return status;
  return unimplemented("the call ended with OK and " + std::to_string(count) +
                       " responses; this method has one");
}

}  // namespace

/// A whole call of any kind: a method that takes a stream is sent every message of its data, others
/// the one whose turn it is.
Task<Status> LoadWorker::streaming_call(Channel& channel, const Ticket& ticket, std::size_t& sent,
                                        std::size_t& received) {
  const MixedMethod& method = mix_[ticket.pick.method];
  const bool all = streams_requests(method.descriptor.kind);
  std::vector<Bytes> messages;
  const std::size_t first = all ? 0 : ticket.pick.message;
  const std::size_t end = all ? method.messages.size() : first + 1;
  for (std::size_t i = first; i < end; ++i) {
    Result<Bytes> message = method.message(i, variables_);
    if (!message.ok()) co_return std::move(message).status();
    messages.push_back(*std::move(message));
  }
  Context* context = co_await current_context();
  BytesStream stream(
      rpc::StreamingCall::start(context, channel, method.descriptor, nullptr, next_options()));
  Scope scope(context);
  scope.spawn(send_all(method, std::move(messages), stream, sent));
  std::size_t count = 0;
  for (;;) {
    const std::optional<Message> message = co_await stream.read();
    if (!message) break;
    received += message->size();
    ++count;
  }
  Status status = co_await stream.finish();
  scope.cancel(cancelled("the call has ended"));
  co_await scope.join();
  co_return one_response(std::move(status), method.descriptor.kind, count);
}

Task<> LoadWorker::streaming_lane(Channel& channel) {
  TimePoint now = loop_.now();
  Ticket ticket;
  for (;;) {
    const Next next = take(now, ticket);
    if (next == Next::End) co_return;
    if (next == Next::Idle) {
      co_await idle();
      now = loop_.now();
      continue;
    }
    variables_.number = ticket.number;
    std::size_t sent = 0;
    std::size_t received = 0;
    const Status status = co_await streaming_call(channel, ticket, sent, received);
    record(ticket, loop_.now(), status, sent, received);
    co_await pause_after(status);
    now = loop_.now();
  }
}

/// Sends and receives messages on one stream until it ends, or the run does. A stream that ends
/// before leaves `lane.pending` set if it owes what `lane.ticket` is for.
Task<Status> LoadWorker::exchange_messages(Channel& channel, const MixedMethod& method,
                                           MessageLane& lane) {
  const MethodKind kind = method.descriptor.kind;
  Context* context = co_await current_context();
  BytesStream stream(
      rpc::StreamingCall::start(context, channel, method.descriptor, nullptr, next_options()));
  bool open = true;  // the one request of a server-streaming call is still to be sent
  std::size_t answers = 0;
  TimePoint now = loop_.now();
  for (;;) {
    const Next next = lane.pending ? Next::Taken : take(now, lane.ticket);
    if (next == Next::End) break;
    if (next == Next::Idle) {
      co_await idle();
      now = loop_.now();
      continue;
    }
    lane.pending = true;
    std::size_t sent = 0;
    if (streams_requests(kind) || open) {
      variables_.number = lane.ticket.number;
      Result<Bytes> bytes = method.message(lane.ticket.pick.message, variables_);
      if (!bytes.ok()) co_return std::move(bytes).status();
      sent = bytes->size();
      const Message message(*std::move(bytes));
      const bool taken = co_await stream.write(message);
      if (!taken) co_return co_await stream.finish();
      if (!streams_requests(kind)) stream.half_close();
      open = false;
    }
    std::size_t received = 0;
    if (streams_responses(kind)) {
      const std::optional<Message> answer = co_await stream.read();
      if (!answer) {
        // A server's stream that ends with OK goes on in the next.
        Status status = co_await stream.finish();
        if (status.ok() && answers == 0) status = internal_error("the stream had no message");
        co_return status;
      }
      received = answer->size();
      ++answers;
    }
    now = loop_.now();
    record(lane.ticket, now, Status(), sent, received);
    lane.pending = false;
  }
  lane.over = true;
  if (!streams_requests(kind)) {
    stream.cancel(cancelled("the run is over"));
    co_return Status();
  }
  stream.half_close();
  co_return co_await stream.finish();
}

Task<> LoadWorker::message_lane(Channel& channel) {
  const MixedMethod& method = mix_[0];
  const bool ends_itself = method.descriptor.kind == MethodKind::ServerStreaming;
  MessageLane lane;
  while (!stopping_ && (lane.pending || issued_ != plan_.calls)) {
    const Status status = co_await exchange_messages(channel, method, lane);
    // Not by `stopping_`: the clock may be there before the timer, which cannot expire while lanes
    // begin one stream after the other on a connection that fails at once.
    if (lane.over) co_return;
    if (status.ok() && ends_itself) continue;
    lane.pending = false;
    record(lane.ticket, loop_.now(),
           status.ok() ? internal_error("the server ended the stream with OK before its answer")
                       : status,
           0, 0);
    co_await pause_after(status);
  }
}

}  // namespace weft::cli::bench
