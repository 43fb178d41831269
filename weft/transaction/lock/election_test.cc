#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/transaction/lock/internal/test_locks.h"
#include "weft/transaction/lock/locks.h"

namespace weft::transaction {
namespace {

using namespace std::chrono_literals;
using test::LocksTest;
using test::Program;
/// What leaders did, in its order.
struct Terms {
  std::vector<std::int64_t> tokens;
  int leading = 0;
  int most = 0;
};

Task<Status> serve(Terms& terms, std::int64_t token, Duration length) {
  terms.tokens.push_back(token);
  terms.most = std::max(terms.most, ++terms.leading);
  const Status status = co_await net::sleep(length);
  --terms.leading;
  co_return status;
}

Task<Status> fail(Terms& terms, std::int64_t token) {
  terms.tokens.push_back(token);
  static_cast<void>(co_await net::sleep(1ms));
  co_return unavailable("not today");
}

class ElectionTest : public LocksTest {
 protected:
  /// lead() from here to the end of its scope.
  class Candidate {
   public:
    Candidate(ElectionTest& test, Program& program, Locks::Term term)
        : test_(test),
          host_(program.host),
          task_(program.locks->lead("job", std::move(term), {.lease = 4s})) {
      host_.enter([&] {
        task_.start(&context_,
                    {[](void* done) noexcept { *static_cast<bool*>(done) = true; }, &done_});
      });
    }
    Candidate(const Candidate&) = delete;
    Candidate& operator=(const Candidate&) = delete;
    ~Candidate() { stop(); }
    void stop() {
      host_.enter([&] { context_.cancel(cancelled("the test has ended")); });
      test_.network.run_while_not([&] { return done_; });
    }
    bool done() const { return done_; }
    Status take() { return task_.take(); }

   private:
    ElectionTest& test_;
    net::SimLoop& host_;
    Context context_;
    bool done_ = false;
    Task<Status> task_;
  };
  Locks::Term term(Duration length) {
    return [this, length](const Lock& lock) { return serve(terms, lock.token(), length); };
  }
  Terms terms;
};

TEST_F(ElectionTest, OneLeadsAtATimeAndAnotherTakesOver) {
  const Candidate first(*this, a(), term(1h));
  const Candidate second(*this, b(), term(1h));
  network.run_for(1min);
  EXPECT_EQ(terms.tokens.size(), 1U);
  for (int i = 0; i < 6; ++i) {
    Program& leader = *programs[static_cast<std::size_t>(i) % 2];
    leader.driver->away = true;
    network.run_for(30s);
    leader.driver->away = false;
    network.run_for(30s);
  }
  EXPECT_GE(terms.tokens.size(), 5U);
  EXPECT_THAT(terms.tokens, ::testing::Each(::testing::Gt(0)));
  EXPECT_TRUE(std::is_sorted(terms.tokens.begin(), terms.tokens.end()));
  EXPECT_EQ(terms.most, 1);
}

TEST_F(ElectionTest, ACleanEndHandsOverAtOnce) {
  Candidate first(*this, a(), term(10s));
  network.run_for(1s);
  const Candidate second(*this, b(), term(1h));
  network.run_for(10s);
  EXPECT_EQ(terms.tokens.size(), 2U) << "within a poll, not a lease";
  ASSERT_TRUE(first.done());
  EXPECT_TRUE(first.take().ok());
}

TEST_F(ElectionTest, ACancelledLeaderHandsOver) {
  Candidate first(*this, a(), term(1h));
  network.run_for(1s);
  const Candidate second(*this, b(), term(1h));
  network.run_for(1s);
  first.stop();
  EXPECT_EQ(first.take().code(), StatusCode::Cancelled);
  network.run_for(1s);
  EXPECT_EQ(terms.tokens.size(), 2U);
  EXPECT_EQ(terms.most, 1);
}

TEST_F(ElectionTest, AFailedTermIsFollowedByAnother) {
  const Candidate only(*this, a(), [this](const Lock& lock) { return fail(terms, lock.token()); });
  network.run_for(1min);
  EXPECT_GE(terms.tokens.size(), 60U);
  EXPECT_LE(terms.tokens.size(), 300U) << "with pauses between";
}

Task<Status> freeze_at_the_end(Terms& terms, std::int64_t token, net::SimLoop& host) {
  terms.tokens.push_back(token);
  if (terms.tokens.size() == 1) host.work(1min);
  co_return ok_status();
}

TEST_F(ElectionTest, ATermThatEndsAfterTheLeaseIsFollowedByAnother) {
  Candidate only(*this, a(), [this](const Lock& lock) {
    return freeze_at_the_end(terms, lock.token(), a().host);
  });
  network.run_for(2min);
  EXPECT_EQ(terms.tokens.size(), 2U);
  ASSERT_TRUE(only.done());
  EXPECT_TRUE(only.take().ok());
}

TEST_F(ElectionTest, ATermThatThrowsHandsOver) {
  const Candidate first(
      *this, a(), [](const Lock&) -> Task<Status> { throw std::runtime_error("out of luck"); });
  network.run_for(1s);
  const Candidate second(*this, b(), term(1h));
  network.run_for(10s);
  EXPECT_EQ(terms.leading, 1);
}

TEST_F(ElectionTest, ObserversSeeWhoLeads) {
  const auto leader = [&] {
    return *weft::testing::run(programs[2]->host, programs[2]->locks->holder("job"));
  };
  Candidate first(*this, a(), term(1h));
  network.run_for(1s);
  EXPECT_EQ(leader()->name, "a");
  const Candidate second(*this, b(), term(1h));
  first.stop();
  network.run_for(1s);
  EXPECT_EQ(leader()->name, "b");
  EXPECT_EQ(leader()->token, terms.tokens.back());
}

}  // namespace
}  // namespace weft::transaction
