#include "weft/fanout/parallel_channel.h"

#include <algorithm>
#include <string>

#include "weft/fanout/internal/part_calls.h"
#include "weft/net/loop/awaited.h"

namespace weft {
namespace {

using fanout::PartCalls;
using Part = PartCalls::Part;

/// How many of the parts have to succeed, and how many may fail.
struct Quorum {
  Quorum(const ParallelOptions& options, std::size_t parts)
      : enough(options.successes == 0 ? parts : options.successes),
        tolerated(options.fail_limit.value_or(parts - std::min(parts, enough))) {
    // With a number to reach there is no use in going on when it is out of reach.
    if (options.successes != 0) tolerated = std::min(tolerated, parts - std::min(parts, enough));
  }
  std::size_t enough;
  std::size_t tolerated;
};

/// What the parts that have ended make of the call.
class Tally {
 public:
  Tally(PartCalls& calls, Quorum quorum) noexcept : calls_(calls), quorum_(quorum) {}

  /// True when it is decided, or there is nothing more to wait for.
  bool count() {
    for (; counted_ < calls_.ended().size(); ++counted_) {
      Part* part = calls_.ended()[counted_];
      if (part->status.ok()) {
        if (succeeded_.size() < quorum_.enough) succeeded_.push_back(part);
      } else if (failed_++ == 0) {
        first_failure_ = part;
      }
    }
    return failed() || succeeded_.size() >= quorum_.enough || counted_ == calls_.parts().size();
  }
  bool failed() const noexcept {
    const bool all_ended = counted_ == calls_.parts().size();
    return failed_ > quorum_.tolerated || (all_ended && succeeded_.empty());
  }

  Status failure() const {
    if (calls_.call().context().is_cancelled() || first_failure_ == nullptr) {
      return Status(calls_.call().context().cancel_reason());
    }
    calls_.call().trailers() = std::move(first_failure_->call.trailers());
    const std::size_t parts = calls_.parts().size();
    if (parts == 1) return first_failure_->status;
    return first_failure_->status.with_prefix(std::to_string(failed_) + " of " +
                                              std::to_string(parts) + " parts failed; part " +
                                              std::to_string(first_failure_->index));
  }
  const std::vector<Part*>& succeeded() {
    std::sort(succeeded_.begin(), succeeded_.end(),
              [](const Part* a, const Part* b) { return a->index < b->index; });
    return succeeded_;
  }

 private:
  PartCalls& calls_;
  Quorum quorum_;
  std::size_t counted_ = 0;
  std::size_t failed_ = 0;
  Part* first_failure_ = nullptr;
  std::vector<Part*> succeeded_;
};

Result<Bytes> merged(const ParallelOptions& options, const std::vector<Part*>& parts) {
  std::vector<PartResponse> responses;
  responses.reserve(parts.size());
  for (Part* part : parts) responses.push_back({.part = part->index, .response = part->bytes});
  if (options.merge) return options.merge(responses);
  std::vector<Bytes> pieces;
  pieces.reserve(responses.size());
  for (PartResponse& response : responses) pieces.push_back(std::move(response.response));
  return Bytes::joined(pieces);
}

Status add_parts(const ParallelOptions& options, std::size_t parts, const Message& request,
                 PartCalls& calls) {
  for (std::size_t i = 0; i < parts; ++i) {
    if (!options.split) {
      calls.add(i, request);
      continue;
    }
    Result<std::optional<Bytes>> share = options.split(request.bytes(), i, parts);
    if (!share.ok()) return share.status().with_prefix("part " + std::to_string(i));
    if (share->has_value()) calls.add(i, Message(std::move(**share)));
  }
  const std::size_t least = std::max<std::size_t>(options.successes, 1);
  if (calls.parts().size() >= least) return {};
  return invalid_argument("the split of the request leaves " +
                          std::to_string(calls.parts().size()) + " parts, and " +
                          std::to_string(least) + " have to succeed");
}

Status check(const std::vector<Service*>& parts, const ParallelOptions& options) {
  if (parts.empty()) return failed_precondition("ParallelChannel: there are no parts");
  if (options.successes <= parts.size()) return {};
  return failed_precondition("ParallelOptions::successes: " + std::to_string(options.successes) +
                             ": there are only " + std::to_string(parts.size()) + " parts");
}

}  // namespace

ParallelChannel::ParallelChannel(std::vector<Service*> parts, ParallelOptions options)
    : parts_(std::move(parts)), options_(std::move(options)), valid_(check(parts_, options_)) {}

Task<Status> ParallelChannel::serve(Call& call) {
  if (!valid_.ok()) return valid_;
  if (call.method() != nullptr && call.method()->kind != MethodKind::Unary) {
    return unimplemented("a ParallelChannel has unary calls only, and " + std::string(call.path()) +
                         " is a stream");
  }
  if (call.codec() != nullptr) {
    return unimplemented(
        "a ParallelChannel splits and merges protobuf, and the messages of this "
        "call are " +
        std::string(call.codec()->name()));
  }
  return run(call);
}

Task<Status> ParallelChannel::run(Call& call) {
  const std::optional<Message> request = co_await call.requests().read();
  if (!request) {
    if (call.context().is_cancelled()) co_return call.context().cancel_reason();
    co_return invalid_argument("the call has no request message");
  }
  PartCalls calls(call);
  Status added = add_parts(options_, parts_.size(), *request, calls);
  if (!added.ok()) co_return added;
  Tally tally(calls, Quorum(options_, calls.parts().size()));
  calls.start_all(parts_);
  while (!tally.count()) {
    net::Wait wait(call.loop());
    const net::Awaited awaited(calls.waiting(), wait);
    const Status waited = co_await wait;
    if (!waited.ok()) break;  // the caller's cancellation has reached the parts
  }
  const bool failed = tally.failed();
  calls.cancel_the_rest(cancelled(failed ? "too many other parts of this call have failed"
                                         : "enough other parts of this call have succeeded"));
  co_await calls.running();
  if (failed || call.context().is_cancelled()) co_return tally.failure();
  Part& first = *tally.succeeded().front();
  Result<Bytes> response = merged(options_, tally.succeeded());
  if (!response.ok()) co_return response.status().with_prefix("merging the parts' responses");
  call.set_peer(first.call.share_peer());
  call.response_metadata() = std::move(first.call.response_metadata());
  call.announce_response_metadata();
  call.trailers() = std::move(first.call.trailers());
  const Message message = Message(std::move(*response)).mark_last();
  if (!co_await call.responses().write(message)) {
    co_return call.context().is_cancelled() ? Status(call.context().cancel_reason())
                                            : cancelled("the caller takes no response");
  }
  co_return ok_status();
}

}  // namespace weft
