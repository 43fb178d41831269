#include "weft/rpc/call/call.h"

#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"

namespace weft {
namespace {

class CallTest : public testing::Test {
 protected:
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  Call call_{Call::Side::Client, loop_, "/pkg.Service/Method", nullptr, nullptr};
};

TEST_F(CallTest, HasNoMetadataUntilSomeIsAdded) {
  const Call& call = call_;
  EXPECT_TRUE(call.request_metadata().empty());
  EXPECT_TRUE(call.response_metadata().empty());
  EXPECT_TRUE(call.trailers().empty());
  call_.response_metadata().add("a", "1");
  call_.trailers().add("b", "2");
  EXPECT_TRUE(call.request_metadata().empty());
  EXPECT_EQ(call.response_metadata().get("a"), "1");
  EXPECT_EQ(call.trailers().get("b"), "2");
}

TEST_F(CallTest, CopiesMetadataThatItSharesBeforeItIsChanged) {
  Metadata shared;
  shared.add("a", "1");
  call_.share_request_metadata(shared);
  EXPECT_EQ(&std::as_const(call_).request_metadata(), &shared);
  call_.request_metadata().add("b", "2");
  EXPECT_EQ(std::as_const(call_).request_metadata().size(), 2U);
  EXPECT_EQ(shared.size(), 1U);
}

TEST_F(CallTest, TakesOverWhatAnotherCallsCallerAskedFor) {
  call_.request_metadata().add("a", "1");
  call_.set_balance_key(7);
  call_.set_max_send_size(100);
  call_.set_previous_attempts(3);
  Call other(Call::Side::Client, loop_, call_.path(), nullptr, nullptr);
  other.take_request_of(call_);
  EXPECT_EQ(std::as_const(other).request_metadata().get("a"), "1");
  EXPECT_EQ(other.balance_key(), 7U);
  EXPECT_EQ(other.max_send_size(), 100U);
  EXPECT_EQ(other.previous_attempts(), 0U) << "they are the other's own";
}

TEST_F(CallTest, HasNoSizeLimitBeyondWhatTheFramingCanSay) {
  call_.set_max_receive_size(SIZE_MAX);
  EXPECT_EQ(call_.max_receive_size(), UINT32_MAX);
}

}  // namespace
}  // namespace weft
