#include "weft/middleware/reuse/single_answer.h"

#include <utility>

namespace weft::middleware {

MessageWriter::Poll ResponseTap::offer(const Message& message) {
  // Encoded once, for both.
  Message bytes = message.owned();
  const Poll outcome = inner_.offer(bytes);
  if (outcome == Poll::Accepted) {
    ++count_;
    kept_ = std::move(bytes);
  }
  return outcome;
}

std::optional<Answer> ResponseTap::answer() const {
  if (count_ != 1) return std::nullopt;
  return Answer{*kept_, call_.response_metadata(), call_.trailers()};
}

Task<Status> deliver(Call& call, const Answer& answer) {
  call.response_metadata() = answer.response_metadata;
  call.trailers() = answer.trailers;
  // A server sends it with the message.
  if (call.side() == Call::Side::Client) call.announce_response_metadata();
  const bool taken = co_await call.responses().write(answer.message);
  if (!taken) co_return call.context().cancel_reason();
  co_return Status();
}

}  // namespace weft::middleware
