#include "weft/transaction/idempotency/idempotent.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/middleware/reuse/single_answer.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/transaction/idempotency/idempotency_key.h"

namespace weft::transaction {
namespace {

using Begun = IdempotencyStore::Begun;
using State = IdempotencyStore::State;

struct Shared {
  std::shared_ptr<IdempotencyStore> store;
  IdempotencyOptions options;
};

void tell_of(const Shared& shared, const Call& call, std::string_view event) {
  tell(shared.options.observer,
       {.policy = "idempotency", .event = event, .path = call.path(), .value = 0});
}

enum class Outcome : std::uint8_t { Definite, NothingHappened, Unknown };

/// docs/guide/idempotency.md has this table.
Outcome outcome_of(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::InvalidArgument:
    case StatusCode::Unauthenticated:
    case StatusCode::PermissionDenied:
    case StatusCode::ResourceExhausted:
    case StatusCode::Unimplemented:
    case StatusCode::Aborted:
      return Outcome::NothingHappened;
    case StatusCode::Unavailable:
    case StatusCode::DeadlineExceeded:
    case StatusCode::Cancelled:
    case StatusCode::Unknown:
    case StatusCode::Internal:
      return Outcome::Unknown;
    default:
      return Outcome::Definite;
  }
}

bool frees_key(const Shared& shared, const Status& status) noexcept {
  const Outcome outcome = outcome_of(status.code());
  return outcome == Outcome::NothingHappened ||
         (outcome == Outcome::Unknown && shared.options.unknown == UnknownOutcome::RunAgain);
}

SavedReply reply_of(const Shared& shared, const Status& status,
                    const middleware::ResponseTap& tap) {
  if (!status.ok()) return SavedReply(status);
  const std::optional<middleware::Answer> answer = tap.answer();
  if (!answer) return SavedReply(internal_error("the call gave no single reply"));
  const std::size_t size = answer->message.size();
  if (size > shared.options.max_reply_size) {
    return SavedReply(failed_precondition(
        "the first call with this idempotency-key succeeded, but its reply of " +
        std::to_string(size) + " bytes is larger than the " +
        std::to_string(shared.options.max_reply_size) +
        " that are kept (IdempotencyOptions::max_reply_size)"));
  }
  return SavedReply(answer->message.owned().bytes());
}

/// The store's work goes on where the call's caller has gone: the effect has happened.
Task<Status> settle(const Shared& shared, Fingerprint id, std::uint64_t token,
                    std::optional<SavedReply> reply) {
  constexpr Duration kLongest = std::chrono::seconds(10);
  Task<Status> task = reply
                          ? shared.store->finish(id, token, *std::move(reply), shared.options.keep)
                          : shared.store->release(id, token);
  return net::in_own_context(kLongest, std::move(task));
}

void note_unsaved(const Shared& shared, const Call& call, const Status& why) {
  static constinit LogLimit limit(1);
  tell_of(shared, call, "not_saved");
  log(limit, LogLevel::Error, "the reply of an idempotent call was not kept: " + why.to_string(),
      {{"method", call.path()}});
}

Task<Status> run_first(const Shared& shared, Call& call, Next next, Fingerprint id,
                       std::uint64_t token) {
  const middleware::ResponseTap tap(call);
  Status status = co_await next(call);
  std::optional<SavedReply> reply;
  if (!frees_key(shared, status)) reply = reply_of(shared, status, tap);
  const Status settled = co_await settle(shared, id, token, std::move(reply));
  if (!settled.ok()) note_unsaved(shared, call, settled);
  co_return status;
}

Task<Status> replay(const Shared& shared, Call& call, SavedReply reply) {
  tell_of(shared, call, "replayed");
  call.response_metadata().add("idempotency-replayed", "true");
  if (!reply.status.ok()) co_return std::move(reply.status);
  const Message message(std::move(reply.message));
  const bool taken = co_await call.responses().write(message);
  if (!taken) co_return call.context().cancel_reason();
  co_return Status();
}

Status refusal_of(State state) {
  switch (state) {
    case State::OtherRequest:
      return failed_precondition(
          "this idempotency-key was used for another request; a new call needs a new key");
    case State::Running:
      return aborted("the first call with this idempotency-key is still under way");
    default:
      return Status(StatusCode::Unknown,
                    "the process that ran the first call with this idempotency-key has not "
                    "answered; whether the call had an effect is not known");
  }
}

/// As the store says, once the first call is no longer under way, or the wait was too long.
Task<Result<Begun>> begin(const Shared& shared, Call& call, Fingerprint id, Fingerprint request) {
  // A loop of its own for each duplicate: they are rare, and another process may have the first.
  constexpr Duration kMostPause = std::chrono::milliseconds(50);
  using Lost = IdempotencyStore::Rule::Lost;
  const IdempotencyStore::Rule rule{
      .lease = shared.options.lease,
      .keep = shared.options.keep,
      .lost = shared.options.unknown == UnknownOutcome::RunAgain ? Lost::TakeOver : Lost::Report};
  const TimePoint end = after(call.loop().now(), shared.options.longest_wait);
  Duration pause = std::chrono::milliseconds(1);
  for (bool first = true;; first = false) {
    Result<Begun> begun = co_await shared.store->begin(id, request, rule);
    if (!begun.ok() || begun->state != State::Running || call.loop().now() >= end) co_return begun;
    if (first) tell_of(shared, call, "waited");
    Status slept = co_await net::sleep(pause);
    if (!slept.ok()) co_return slept;
    pause = std::min(2 * pause, kMostPause);
  }
}

Fingerprint request_of(const Call& call, const Bytes& request) {
  if (call.codec() == nullptr) return fingerprint_of(call.path(), request.view());
  return fingerprint_of(std::string(call.path()).append(1, ' ').append(call.codec()->name()),
                        request.view());
}

Task<Status> serve(const Shared& shared, Call& call, Next next, Fingerprint id) {
  std::optional<Message> request = co_await call.requests().read();
  if (!request) co_return co_await next(call);
  const Fingerprint fingerprint = request_of(std::as_const(call), request->bytes());
  const middleware::RequestPutBack put_back(call, std::move(*request));
  Result<Begun> begun = co_await begin(shared, call, id, fingerprint);
  if (!begun.ok()) co_return begun.status();
  if (begun->state == State::New)
    co_return co_await run_first(shared, call, next, id, begun->token);
  if (begun->state == State::Saved)
    co_return co_await replay(shared, call, std::move(begun->reply));
  tell_of(shared, call, "refused");
  co_return refusal_of(begun->state);
}

struct Idempotent {
  std::shared_ptr<const Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    if (!takes(std::as_const(call))) return next(call);
    const Result<std::optional<std::string_view>> key =
        idempotency_key_of(std::as_const(call).request_metadata());
    if (!key.ok()) return key.status();
    if (*key) return serve(*shared, call, next, key_scope(call, **key));
    if (shared->options.missing == MissingKey::RunOnce) return next(call);
    return invalid_argument(
        "the method needs the metadata \"idempotency-key\", 1 to 255 visible "
        "ASCII characters that are new for each call");
  }

 private:
  bool takes(const Call& call) const {
    const std::vector<std::string>& methods = shared->options.methods;
    const MethodDescriptor* const method = call.method();
    if (method == nullptr || method->kind != MethodKind::Unary) return false;
    return methods.empty() || std::ranges::find(methods, call.path()) != methods.end();
  }
};

struct Unusable {
  Status why;
  Task<Status> operator()(Call&, Next) const { return Status(why); }
};

}  // namespace

Status validate(const IdempotencyOptions& options) {
  const auto positive = [](std::string_view name, Duration value) {
    if (value > Duration::zero()) return ok_status();
    return invalid_argument("IdempotencyOptions::" + std::string(name) + ": " + to_string(value) +
                            ": must be more than 0");
  };
  if (Status status = positive("keep", options.keep); !status.ok()) return status;
  if (Status status = positive("lease", options.lease); !status.ok()) return status;
  return positive("longest_wait", options.longest_wait);
}

Middleware idempotent(std::shared_ptr<IdempotencyStore> store, IdempotencyOptions options) {
  Status valid = validate(options);
  if (store == nullptr) valid = invalid_argument("idempotent(): there is no store");
  if (!valid.ok()) {
    log(LogLevel::Error, "a policy cannot be used: " + valid.to_string());
    return Unusable{failed_precondition(valid.message())};
  }
  return Idempotent{std::make_shared<Shared>(Shared{std::move(store), std::move(options)})};
}

}  // namespace weft::transaction
