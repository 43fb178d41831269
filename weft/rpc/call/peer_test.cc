#include "weft/rpc/call/peer.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace weft {
namespace {

std::shared_ptr<const net::TlsInfo> tls_of(Status verification) {
  auto tls = std::make_shared<net::TlsInfo>();
  tls->chain.emplace_back().subject = "CN=billing";
  tls->verification = std::move(verification);
  return tls;
}

TEST(Peer, DescribesItselfByItsAddress) {
  const Peer peer(*net::Address::parse("10.0.0.7:1234"));
  EXPECT_TRUE(peer.has_address());
  EXPECT_EQ(peer.describe(), "10.0.0.7:1234");
  EXPECT_EQ(peer.principal(), nullptr);
}

TEST(Peer, DescribesItselfWithoutAnAddress) {
  const Peer broker("nats:orders");
  EXPECT_FALSE(broker.has_address());
  EXPECT_EQ(broker.kind(), Peer::Kind::Other);
  EXPECT_EQ(broker.describe(), "nats:orders");
  const Peer::Ref local = Peer::local();
  EXPECT_FALSE(local->has_address());
  EXPECT_EQ(local->kind(), Peer::Kind::InProcess);
  EXPECT_EQ(local->describe(), "in-process");
  EXPECT_EQ(local->principal(), nullptr);
}

TEST(Peer, HasThePrincipalThatItsTransportKnows) {
  const auto user = std::make_shared<const Principal>(Principal{.subject = "orders"});
  EXPECT_EQ(Peer("nats:orders", user).principal(), user);
}

TEST(Peer, HasThePrincipalOfItsVerifiedCertificate) {
  const Peer peer(*net::Address::parse("10.0.0.7:1234"), tls_of(Status()));
  ASSERT_NE(peer.principal(), nullptr);
  EXPECT_EQ(peer.principal()->subject, "CN=billing");
  EXPECT_EQ(peer.principal(), peer.principal()) << "made once";
}

TEST(Peer, HasNoPrincipalByACertificateThatWasNotVerified) {
  const Peer peer(*net::Address::parse("10.0.0.7:1234"), tls_of(unauthenticated("no such CA")));
  EXPECT_EQ(peer.principal(), nullptr);
}

TEST(Peer, GivesSeveralThreadsTheSamePrincipal) {
  for (int round = 0; round < 100; ++round) {
    const Peer peer(*net::Address::parse("10.0.0.7:1234"), tls_of(Status()));
    std::atomic<int> ready{0};
    std::vector<std::shared_ptr<const Principal>> seen(3);
    std::vector<std::thread> threads;
    for (auto& mine : seen) {
      threads.emplace_back([&] {
        ++ready;
        while (ready != 3) std::this_thread::yield();
        mine = peer.principal();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_NE(seen[0], nullptr);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
  }
}

}  // namespace
}  // namespace weft
