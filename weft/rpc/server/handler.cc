#include "weft/rpc/server/handler.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_value.h"
#include "weft/rpc/call/message/coded_message.h"
#include "weft/rpc/connection/internal/read_budget.h"
#include "weft/rpc/http/broken_response.h"

namespace weft::rpc {

namespace {

/// Why a method that takes one request did not get any.
Status no_request(const Call& call) {
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  return unimplemented("the method takes one request, but the stream ended without any");
}

/// As write_single(). What is blocked is encoded again afterwards, rather than kept.
[[gnu::cold]] bool write_coded(Call& call, const google::protobuf::MessageLite& from,
                               Status& status) {
  std::unique_ptr<Message> encoded;
  const MessageWriter::Poll offered =
      offer_coded(*call.codec(), from, {.last = true}, encoded, call.responses(), call.context());
  if (offered == MessageWriter::Poll::Closed) status = call.context().cancel_reason();
  return offered != MessageWriter::Poll::Blocked;
}

}  // namespace

[[gnu::cold]] Status status_of_exception(std::string_view path) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    log(LogLevel::Error, std::string(path) + ": the handler ran out of memory");
    return resource_exhausted("the server has no memory for this call");
  } catch (const coro::MissingResult&) {
    log(LogLevel::Error, std::string(path) +
                             ": the handler, or a coroutine that it awaited, ended without "
                             "co_return of its result");
    return internal_error("the handler ended without a result");
  } catch (const BrokenResponse& broken) {
    log(LogLevel::Warn,
        std::string(path) + ": the response breaks off: " + log_value(broken.status().to_string()));
    return broken.status();
  } catch (const std::exception& error) {
    log(LogLevel::Error, std::string(path) + ": the handler threw: " + log_value(error.what()));
  } catch (...) {
    log(LogLevel::Error, std::string(path) + ": the handler threw");
  }
  return internal_error("the handler threw an exception");
}

bool read_single(Call& call, google::protobuf::MessageLite& into, std::size_t& size, Status& status,
                 std::unique_ptr<SlowParse>& slow) {
  Message message;
  const MessageReader::Poll polled = call.requests().poll(message);
  if (polled == MessageReader::Poll::Pending) return false;
  size = message.size();
  if (polled == MessageReader::Poll::End) {
    status = no_request(call);
  } else if (const Codec* const codec = call.codec(); codec != nullptr) [[unlikely]] {
    status = decode(*codec, message, into);
  } else if (size <= ReadBudget::kSmall) {
    status = codec::parse(message, into);
  } else {
    net::Loop& loop = call.loop();
    const TimePoint began = loop.now();
    std::optional<Status> parsed = SlowParse::try_parse(message, into, slow);
    if (parsed) status = *std::move(parsed);
    // Twice, as the object will be destroyed too.
    loop.add_work(2 * net::Loop::work_of(loop.now() - began));
  }
  return slow == nullptr;
}

Status slow_request(Call& call, SlowParse& slow) {
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  slow.hold(call.requests());
  // Where that was more than there is to be had, the call has ended by now.
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  return std::move(slow.status());
}

bool write_single(Call& call, const google::protobuf::MessageLite& from, Status& status) {
  if (call.codec() != nullptr) [[unlikely]]
    return write_coded(call, from, status);
  const MessageWriter::Poll offered = call.responses().offer(codec::message_of(from).mark_last());
  if (offered == MessageWriter::Poll::Closed) status = call.context().cancel_reason();
  return offered != MessageWriter::Poll::Blocked;
}

Status not_implemented(const MethodDescriptor& method) {
  return unimplemented(std::string("method ").append(method.path).append(" is not implemented"));
}

}  // namespace weft::rpc
