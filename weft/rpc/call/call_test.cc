#include "weft/rpc/call/call.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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

struct Tenant {
  std::string name;
};

/// Counts those that are alive.
struct Counted {
  explicit Counted(int* alive) : count(alive, [](int* of) { --*of; }) { ++*alive; }
  std::shared_ptr<int> count;
};

TEST_F(CallTest, KeepsOneAttachmentOfEachType) {
  EXPECT_EQ(call_.find<Tenant>(), nullptr);
  call_.attach(Tenant{"red"});
  call_.attach(7);
  EXPECT_EQ(call_.find<long>(), nullptr);
  Tenant& blue = call_.attach(Tenant{"blue"});
  EXPECT_EQ(call_.find<Tenant>(), &blue);
  EXPECT_EQ(std::as_const(call_).find<Tenant>()->name, "blue");
  *call_.find<int>() += 1;
  EXPECT_EQ(*call_.find<int>(), 8);
}

TEST_F(CallTest, AttachesWhatCannotBeCopied) {
  call_.attach(std::make_unique<int>(7));
  EXPECT_EQ(**call_.find<std::unique_ptr<int>>(), 7);
}

TEST_F(CallTest, DestroysAttachmentsWithTheCall) {
  int alive = 0;
  {
    Call call(Call::Side::Server, loop_, "/a/b", nullptr, nullptr);
    call.attach(Counted(&alive));
    call.attach(Counted(&alive));
    EXPECT_EQ(alive, 1) << "the first was replaced";
    call.attach(Tenant{"red"});
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST_F(CallTest, MadeForAnotherSeesItsAttachments) {
  Call other(Call::Side::Client, loop_, call_.path(), nullptr, nullptr);
  other.take_request_of(call_);
  call_.attach(Tenant{"red"});
  ASSERT_NE(other.find<Tenant>(), nullptr) << "also what was attached later";
  EXPECT_EQ(other.find<Tenant>()->name, "red");
  other.attach(Tenant{"blue"});
  other.attach(7);
  EXPECT_EQ(other.find<Tenant>()->name, "blue");
  EXPECT_EQ(call_.find<Tenant>()->name, "red");
  EXPECT_EQ(call_.find<int>(), nullptr);
}

class PrincipalOfACall : public CallTest {
 protected:
  static std::shared_ptr<const Principal> named(std::string_view subject) {
    return std::make_shared<const Principal>(Principal{.subject = std::string(subject)});
  }
  static Peer::Ref connection_of(std::string_view subject) {
    return Peer::Ref::make("a test", named(subject));
  }
  Call server_{Call::Side::Server, loop_, "/pkg.Service/Method", nullptr, nullptr};
};

TEST_F(PrincipalOfACall, IsNobodyWhereNobodyIsKnown) {
  EXPECT_EQ(server_.principal(), nullptr);
  server_.set_peer(Peer::local());
  server_.trailers();  // what only some calls have is there
  EXPECT_EQ(server_.principal(), nullptr);
}

TEST_F(PrincipalOfACall, IsTheConnectionsUntilAnotherIsSet) {
  server_.set_peer(connection_of("gateway"));
  EXPECT_EQ(server_.principal(), server_.peer()->principal().get());
  const auto ann = named("ann");
  server_.set_principal(ann);
  EXPECT_EQ(server_.principal(), ann.get());
  EXPECT_EQ(server_.share_principal(), ann);
  server_.set_principal(nullptr);
  EXPECT_EQ(server_.principal()->subject, "gateway");
}

TEST_F(PrincipalOfACall, IsNotTheServerOnAClient) {
  call_.set_peer(connection_of("server"));
  EXPECT_EQ(call_.principal(), nullptr);
  call_.set_principal(named("ann"));
  EXPECT_EQ(call_.principal()->subject, "ann");
}

TEST_F(PrincipalOfACall, IsThatOfTheCallItIsMadeFor) {
  server_.set_peer(connection_of("gateway"));
  Call attempt(Call::Side::Server, loop_, server_.path(), nullptr, nullptr);
  attempt.take_request_of(server_);
  EXPECT_EQ(attempt.principal()->subject, "gateway");
  EXPECT_EQ(attempt.peer(), server_.peer());
  server_.set_principal(named("ann"));
  EXPECT_EQ(attempt.principal()->subject, "ann");
  attempt.set_principal(named("bob"));
  EXPECT_EQ(attempt.principal()->subject, "bob");
  EXPECT_EQ(server_.principal()->subject, "ann");
}

TEST_F(CallTest, HasNoSizeLimitBeyondWhatTheFramingCanSay) {
  call_.set_max_receive_size(SIZE_MAX);
  EXPECT_EQ(call_.max_receive_size(), UINT32_MAX);
}

}  // namespace
}  // namespace weft
