#include "weft/security/authenticator.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;

/// Gives the same answer to every call, at once or after a while.
class Says final : public Authenticator {
 public:
  explicit Says(Result<PrincipalRef> answer, Duration after = 0s)
      : answer_(std::move(answer)), after_(after) {}
  Task<Result<PrincipalRef>> authenticate(Call&) override {
    ++asked;
    if (after_ == 0s) return answer_;
    return later();
  }
  int asked = 0;

 private:
  Task<Result<PrincipalRef>> later() {
    static_cast<void>(co_await net::sleep(after_));
    co_return answer_;
  }
  Result<PrincipalRef> answer_;
  Duration after_;
};

std::shared_ptr<Says> named(std::string subject, Duration after = 0s) {
  return std::make_shared<Says>(
      std::make_shared<const Principal>(Principal{.subject = std::move(subject)}), after);
}
std::shared_ptr<Says> silent(Duration after = 0s) {
  return std::make_shared<Says>(PrincipalRef(), after);
}
std::shared_ptr<Says> wrong() { return std::make_shared<Says>(unauthenticated("wrong")); }

class AuthenticatorTest : public ::testing::Test {
 protected:
  /// The subject that the call gets, or the status's code and message.
  std::string outcome(const AuthenticatorRef& way, AuthenticationOptions options = {}) {
    std::string subject = "none";
    testing::ScriptedService handler(std::vector{testing::Script{.reads_requests = false}});
    testing::Chain chain(handler,
                         {authentication(way, std::move(options)), [&](Call& call, Next next) {
                            if (call.principal() != nullptr) subject = call.principal()->subject;
                            return next(call);
                          }});
    Call made(Call::Side::Server, loop_, "/shop.Orders/Get", nullptr, nullptr);
    const Status status = testing::run(loop_, chain.serve(made));
    return status.ok() ? subject : status.to_string();
  }
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
};

TEST_F(AuthenticatorTest, AnyOfTakesTheFirstThatKnowsTheCaller) {
  const auto last = named("b");
  EXPECT_EQ(outcome(any_of({silent(), named("a"), last})), "a");
  EXPECT_EQ(last->asked, 0);
  EXPECT_EQ(outcome(any_of({silent(1s), silent(), named("b", 1s)})), "b");
}

TEST_F(AuthenticatorTest, AnyOfDoesNotPassOverWrongCredentials) {
  EXPECT_EQ(outcome(any_of({silent(), wrong(), named("a")})), "UNAUTHENTICATED: wrong");
}

TEST_F(AuthenticatorTest, AllOfHasThePrincipalOfTheLast) {
  EXPECT_EQ(outcome(all_of({named("a"), named("b", 1s)})), "b");
  EXPECT_THAT(outcome(all_of({named("a"), silent(), named("b")})),
              ::testing::StartsWith("UNAUTHENTICATED"));
  EXPECT_EQ(outcome(all_of({wrong(), named("b")})), "UNAUTHENTICATED: wrong");
}

TEST_F(AuthenticatorTest, WithoutWaysNobodyPasses) {
  EXPECT_THAT(outcome(any_of({})), ::testing::StartsWith("UNAUTHENTICATED"));
  EXPECT_THAT(outcome(all_of({})), ::testing::StartsWith("UNAUTHENTICATED"));
  EXPECT_THAT(outcome(client_certificate()), ::testing::StartsWith("UNAUTHENTICATED"));
}

TEST_F(AuthenticatorTest, TellsTheObserverWhatItRefused) {
  struct Events final : PolicyObserver {
    void on_policy(const PolicyEvent& event) noexcept override { seen += event.event; }
    std::string seen;
  } events;
  static_cast<void>(outcome(wrong(), {.observer = &events}));
  static_cast<void>(outcome(std::make_shared<Says>(unavailable("away")), {.observer = &events}));
  EXPECT_EQ(events.seen, "refusedunavailable");
}

}  // namespace
}  // namespace weft::security
