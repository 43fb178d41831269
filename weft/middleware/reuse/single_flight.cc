#include "weft/middleware/reuse/single_flight.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weft/base/local_ref.h"
#include "weft/middleware/reuse/internal/shared_answer.h"
#include "weft/net/loop/loop_local.h"
#include "weft/net/loop/wait.h"

namespace weft {
namespace {

using middleware::Answer;

class Participant;

/// One call for several. Its leader makes it; the others wait.
struct Flight : LocalCounted {
  IntrusiveList<Participant> followers;
  // Once it has landed.
  Status status;
  Answer answer;
};

/// A loop's flights by what they ask for. Ordered, because peers choose the keys (LruMap).
using Flights = std::map<std::string, LocalRef<Flight>>;

/// A call's part in a flight. Leads, follows, or is through; one that leads and is destroyed passes
/// the lead on.
class Participant : public ListNode {
 public:
  Participant(Flights& flights, std::string key, net::Loop& loop)
      : flights_(flights), key_(std::move(key)), wait_(loop) {
    LocalRef<Flight>& found = flights_[key_];
    if (!found) {
      found = LocalRef<Flight>::make();
      role_ = Role::Leads;
    } else {
      found->followers.push_back(*this);
    }
    flight_ = found;
  }
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;
  ~Participant() {
    if (role_ == Role::Leads) pass_on();
  }

  bool leads() const noexcept { return role_ == Role::Leads; }
  bool answered() const noexcept { return role_ == Role::Through; }
  net::Wait& wait() noexcept { return wait_; }
  const Flight& flight() const noexcept { return *flight_; }

  /// The leader's call has ended and the others are told.
  void land(Status status, Answer answer) {
    role_ = Role::Through;
    flights_.erase(key_);
    flight_->status = std::move(status);
    flight_->answer = std::move(answer);
    while (Participant* follower = flight_->followers.pop_front()) {
      follower->role_ = Role::Through;
      follower->wait_.complete();
    }
  }
  /// The leader's call has ended for reasons of its own.
  void pass_on() {
    role_ = Role::Through;
    Participant* const next = flight_->followers.pop_front();
    if (next == nullptr) {
      flights_.erase(key_);
      return;
    }
    next->role_ = Role::Leads;
    next->wait_.complete();
  }

 private:
  enum class Role : std::uint8_t { Follows, Leads, Through };
  Flights& flights_;
  std::string key_;
  LocalRef<Flight> flight_;
  Role role_ = Role::Follows;
  net::Wait wait_;
};

/// Whether a call ended because its own caller did not wait for more.
bool gave_up(const Call& call, const Status& status) {
  return call.context().is_cancelled() || status.code() == StatusCode::Cancelled ||
         status.code() == StatusCode::DeadlineExceeded;
}

struct Shared {
  SingleFlightOptions options;
  net::LoopLocal<Flights> flights;
};

struct SingleFlight {
  std::shared_ptr<const Shared> shared;

  Task<Status> operator()(Call& call, Next next) const {
    if (!middleware::may_share_answer(call, shared->options.methods)) return next(call);
    return run(*shared, call, next);
  }

 private:
  static void tell_of(const Shared& shared, const Call& call, std::string_view event) {
    tell(shared.options.observer, {.policy = "single_flight", .event = event, .path = call.path()});
  }

  static middleware::SharingRules rules_of(const Shared& shared) {
    return {shared.options.vary, shared.options.across_principals};
  }

  static Task<Status> run(const Shared& shared, Call& call, Next next) {
    std::optional<Message> request = co_await call.requests().read();
    if (!request) co_return co_await next(call);
    const Bytes bytes = request->bytes();
    const middleware::RequestPutBack put_back(call, std::move(*request));
    if (bytes.size() > shared.options.max_request_size) co_return co_await next(call);
    Participant self(shared.flights.of(call.loop()),
                     middleware::answer_key(std::as_const(call), rules_of(shared), bytes),
                     call.loop());
    if (!self.leads()) {
      tell_of(shared, call, "joined");
      Status waited = co_await self.wait();
      if (self.answered()) co_return co_await follow(call, self.flight());
      if (!self.leads()) co_return waited;
      tell_of(shared, call, "took_over");
    }
    co_return co_await lead(shared, self, call, next);
  }

  static Task<Status> follow(Call& call, const Flight& flight) {
    if (!flight.status.ok()) return Status(flight.status);
    return middleware::deliver(call, flight.answer);
  }

  static Task<Status> lead(const Shared& shared, Participant& self, Call& call, Next next) {
    middleware::ResponseTap tap(call);
    const middleware::CallerWatch caller(call, rules_of(shared));
    Status status = co_await next(call);
    if (caller.is_another()) {
      tell_of(shared, call, "not_shared");
      self.pass_on();
      co_return status;
    }
    if (gave_up(call, status)) {
      self.pass_on();
      co_return status;
    }
    std::optional<Answer> answer = tap.answer();
    if (status.ok() && !answer) {
      // Not what a unary call is: each finds that out by itself.
      self.pass_on();
    } else {
      self.land(status, answer ? std::move(*answer) : Answer());
    }
    co_return status;
  }
};

}  // namespace

Middleware single_flight(SingleFlightOptions options) {
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  return SingleFlight{std::move(shared)};
}

}  // namespace weft
