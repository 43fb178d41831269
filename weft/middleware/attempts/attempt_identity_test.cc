// Principals and attachments of calls that are made of several attempts.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/attempts/hedge.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct Ticket {
  int number = 0;
};
struct OfThisAttempt {};

constexpr MethodDescriptor kGet{.name = "Get", .path = "/pkg.Store/Get", .idempotent = true};

class AttemptIdentity : public middleware::PolicyTest {
 protected:
  AttemptIdentity() {
    method_ = &kGet;
    side_ = Call::Side::Client;
  }
  /// Fails so many times, and notes what each attempt knows.
  void serve_after(int failures) {
    service_.script = [this, failures](Call& call) -> Task<Status> {
      const Principal* who = call.principal();
      const Ticket* ticket = call.find<Ticket>();
      seen_.push_back((who == nullptr ? "nobody" : who->subject) + " " +
                      (ticket == nullptr ? "-" : std::to_string(ticket->number)) + " " +
                      (call.find<OfThisAttempt>() == nullptr ? "new" : "used"));
      call.attach(OfThisAttempt{});
      if (ticket != nullptr) ++call.find<Ticket>()->number;
      return answer(call, failures);
    };
  }
  static void identify(Call& call) {
    call.set_principal(std::make_shared<const Principal>(Principal{.subject = "ann"}));
    call.attach(Ticket{1});
  }
  std::vector<std::string> seen_;

 private:
  Task<Status> answer(Call& call, int failures) {
    if (service_.calls <= failures) return Task<Status>(unavailable("not yet"));
    const Message message(Bytes::copy_of("the answer"));
    EXPECT_EQ(call.responses().offer(message), MessageWriter::Poll::Accepted);
    return Task<Status>(Status());
  }
};

TEST_F(AttemptIdentity, RetriesKnowTheCallerAndItsAttachments) {
  use(retry({.max_attempts = 3, .initial_backoff = 10ms}));
  serve_after(2);
  EXPECT_TRUE(serve(identify).ok());
  EXPECT_THAT(seen_, ElementsAre("ann 1 new", "ann 2 new", "ann 3 new"));
}

TEST_F(AttemptIdentity, HedgesKnowTheCallerAndItsAttachments) {
  use(hedge({.max_attempts = 2, .delay = 10ms}));
  serve_after(1);
  EXPECT_TRUE(serve(identify).ok());
  EXPECT_THAT(seen_, ElementsAre("ann 1 new", "ann 2 new"));
}

}  // namespace
}  // namespace weft
