#include "tests/simulation/caller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/coro/scope.h"
#include "weft/net/loop.h"

#include "tests/simulation/part.h"
#include "work.weft.h"

namespace weft::simulation {
namespace {

// The question within a handler has the number of the handler's call and this bit.
constexpr std::uint64_t kQuestion = std::uint64_t{1} << 40;

/// Cancels a context when the caller has had enough.
class Cancellation : private net::Timer {
 public:
  Cancellation(net::Loop& loop, Context& context, Duration delay)
      : Timer([](Timer& timer) noexcept {
          static_cast<Cancellation&>(timer).context_.cancel(cancelled("the caller had enough"));
        }),
        context_(context) {
    if (delay != kForever) loop.arm(*this, after(loop.now(), delay));
  }

 private:
  Context& context_;
};

std::string plan_bytes(const CallPlan& plan) {
  Plan told;
  told.set_call(plan.call);
  told.set_requests(plan.requests);
  told.set_answers(plan.answers);
  told.set_answer_size(plan.answer_size);
  told.set_pause(static_cast<std::uint64_t>(plan.handler_pause.count()));
  told.set_code(static_cast<std::uint32_t>(plan.code));
  told.set_hang(plan.hang);
  told.set_relay(plan.relay);
  told.set_compression(static_cast<std::uint32_t>(plan.answer_compression));
  return told.SerializeAsString();
}

}  // namespace

Metadata metadata_of(const CallPlan& plan) {
  Metadata metadata;
  metadata.add("plan-bin", plan_bytes(plan));
  metadata.add("plain", std::to_string(plan.call));
  return metadata;
}

/// A call under way, and what the client has seen of it.
struct Caller::Exchange {
  Exchange(Book& in, const CallPlan& of, Channel& over, TimePoint until)
      : book(in),
        plan(of),
        client(over),
        deadline(until),
        sent(of.call),
        received(of.call),
        metadata(metadata_of(of)) {}

  CallOptions options() {
    return {.timeout = plan.timeout,
            .metadata = &metadata,
            .response_metadata = &initial,
            .trailers = &trailers,
            .compression = plan.compression,
            .wait_for_ready = plan.wait_for_ready};
  }
  void fault(const std::string& what) const { book.fault(plan.call, "on the client " + what); }
  Part request(std::uint32_t index) {
    Part part = make_part(plan.call, index, plan.request_size);
    static_cast<void>(sent.take(part));
    return part;
  }
  void take(const Part& part) {
    const std::string wrong = received.take(part);
    if (!wrong.empty()) fault(wrong);
  }
  /// Waits a little, never beyond the deadline, at which the call has ended.
  Task<Status> pause() const {
    if (plan.client_pause.count() == 0) return Task<Status>(Status());
    net::Loop& loop = *net::Loop::current();
    const auto most = static_cast<std::uint64_t>(plan.client_pause.count());
    const Duration some(static_cast<std::int64_t>(loop.rng().below(most)));
    return net::sleep_until(std::min(after(loop.now(), some), deadline));
  }
  bool wants_to_leave() const noexcept {
    return plan.abandon && received.count() >= (plan.answers + 1) / 2;
  }
  /// An OK is true only where everything arrived, at both ends.
  void check_whole() const {
    const std::uint32_t answers = plan.kind == Kind::Both ? plan.requests : plan.answers;
    if (sent.count() != plan.requests) fault("got OK before everything was sent");
    if (received.count() != answers) {
      fault("got OK after " + std::to_string(received.count()) + " answers");
    }
    if (initial.get("call") != std::to_string(plan.call)) fault("got OK without its metadata");
    if (trailers.get("digest") != std::to_string(sent.digest())) {
      fault("got OK, but the server saw other messages");
    }
  }

  Book& book;
  const CallPlan& plan;
  WorkClient client;
  TimePoint deadline;
  PartCounter sent;
  PartCounter received;
  Metadata metadata;
  Metadata initial;
  Metadata trailers;
};

Channel& Caller::channel_to(const std::string& server) {
  std::unique_ptr<Channel>& channel = channels_[server];
  if (channel == nullptr) channel = make_channel_(server);
  return *channel;
}

Task<> Caller::call(CallPlan plan) {
  net::Loop& loop = *net::Loop::current();
  Context context(co_await current_context());
  const TimePoint deadline = std::min(after(loop.now(), plan.timeout), context.deadline());
  book_.began(plan, loop.now(), deadline);
  const Cancellation cancellation(loop, context, plan.cancel_after);
  const Status status = co_await make(plan, deadline).in(context);
  book_.ended(plan.call, status, loop.now(), context.is_cancelled());
}

Task<Status> Caller::ask_for(std::uint64_t call, std::string server) {
  net::Loop& loop = *net::Loop::current();
  CallPlan plan;
  plan.call = call | kQuestion;
  plan.server = std::move(server);
  plan.request_size = plan.answer_size = 10;
  plan.wait_for_ready = true;
  plan.handler_pause = std::chrono::milliseconds(5);
  Context& context = *co_await current_context();
  book_.began(plan, loop.now(), context.deadline());
  Status status = co_await make(plan, context.deadline());
  book_.ended(plan.call, status, loop.now(), context.is_cancelled());
  co_return status;
}

Task<Status> Caller::make(const CallPlan& plan, TimePoint deadline) {
  Exchange exchange(book_, plan, channel_to(plan.server), deadline);
  Status status;
  switch (plan.kind) {
    case Kind::One:
      status = co_await one(exchange);
      break;
    case Kind::Up:
      status = co_await up(exchange);
      break;
    case Kind::Down:
      status = co_await down(exchange);
      break;
    case Kind::Both:
      status = co_await both(exchange);
      break;
  }
  if (status.ok()) exchange.check_whole();
  co_return status;
}

Task<Status> Caller::one(Exchange& exchange) {
  const Part request = exchange.request(0);
  const Result<Part> answer = co_await exchange.client.One(request, exchange.options());
  if (answer.ok()) exchange.take(*answer);
  co_return answer.status();
}

namespace {

template <class Exchange, class Stream>
Task<> write_all(Exchange& exchange, Stream& stream) {
  for (std::uint32_t i = 0; i < exchange.plan.requests; ++i) {
    const Part part = exchange.request(i);
    if (!co_await stream.write(part)) co_return;
    const Status paused = co_await exchange.pause();
    if (!paused.ok()) co_return;
  }
}

}  // namespace

Task<Status> Caller::up(Exchange& exchange) {
  auto stream = co_await exchange.client.Up(exchange.options());
  co_await write_all(exchange, stream);
  const Result<Part> answer = co_await stream.finish();
  if (answer.ok()) exchange.take(*answer);
  co_return answer.status();
}

Task<Status> Caller::down(Exchange& exchange) {
  const Part request = exchange.request(0);
  auto stream = co_await exchange.client.Down(request, exchange.options());
  Part part;
  while (co_await stream.read(part)) {
    exchange.take(part);
    if (exchange.wants_to_leave()) co_return cancelled("left early");
    static_cast<void>(co_await exchange.pause());
  }
  co_return co_await stream.finish();
}

namespace {

template <class Exchange, class Stream>
Task<> write_and_close(Exchange& exchange, Stream& stream) {
  co_await write_all(exchange, stream);
  if (exchange.sent.count() == exchange.plan.requests) stream.half_close();
}

/// One message there, one back.
template <class Exchange, class Stream>
Task<> take_turns(Exchange& exchange, Stream& stream) {
  Part answer;
  for (std::uint32_t i = 0; i < exchange.plan.requests; ++i) {
    const Part part = exchange.request(i);
    if (!co_await stream.write(part)) co_return;
    if (!co_await stream.read(answer)) co_return;
    exchange.take(answer);
    if (exchange.wants_to_leave()) co_return stream.cancel();
    const Status paused = co_await exchange.pause();
    if (!paused.ok()) co_return;
  }
}

template <class Exchange, class Stream>
Task<> read_all(Exchange& exchange, Stream& stream) {
  Part answer;
  while (co_await stream.read(answer)) {
    exchange.take(answer);
    if (exchange.wants_to_leave()) co_return stream.cancel();
    static_cast<void>(co_await exchange.pause());
  }
}

}  // namespace

Task<Status> Caller::both(Exchange& exchange) {
  auto stream = co_await exchange.client.Both(exchange.options());
  if (exchange.plan.full_duplex) {
    Scope scope(co_await current_context());
    scope.spawn(write_and_close(exchange, stream));
    co_await read_all(exchange, stream);
    co_await scope.join();
  } else {
    co_await take_turns(exchange, stream);
  }
  co_return co_await stream.finish();
}

}  // namespace weft::simulation
