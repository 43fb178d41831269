#include "weft/net/tls/resumption/internal/tls_session_cache.h"

#include <gtest/gtest.h>

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;

struct SessionCache : ::testing::Test {
  /// Of which only the address is looked at, and that it may be resumed.
  static Owned<SSL_SESSION> session(int version) {
    Owned<SSL_SESSION> made(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(made.get(), version);
    const unsigned char id[] = "id";
    SSL_SESSION_set1_id(made.get(), id, 2);
    return made;
  }
  void put(const std::string& server, int version = TLS1_3_VERSION, SystemTime until = never) {
    cache.put(server, session(version), until);
  }
  bool takes(const std::string& server) { return cache.take(server, now).session != nullptr; }

  static constexpr SystemTime never = SystemTime::max();
  SystemTime now = std::chrono::system_clock::now();
  TlsSessionCache cache{4};
};

TEST_F(SessionCache, GivesTls13SessionsOnceAndTls12SessionsOften) {
  put("a", TLS1_3_VERSION);
  put("b", TLS1_2_VERSION);
  EXPECT_TRUE(takes("a"));
  EXPECT_FALSE(takes("a"));
  EXPECT_TRUE(takes("b"));
  EXPECT_TRUE(takes("b"));
  EXPECT_FALSE(takes("c"));
}

TEST_F(SessionCache, GivesTheNewestFirst) {
  Owned<SSL_SESSION> first = session(TLS1_3_VERSION);
  Owned<SSL_SESSION> second = session(TLS1_3_VERSION);
  const SSL_SESSION* newest = second.get();
  cache.put("a", std::move(first), never);
  cache.put("a", std::move(second), never);
  EXPECT_EQ(cache.take("a", now).session.get(), newest);
}

TEST_F(SessionCache, DropsTheOldestBeyondItsLimits) {
  for (const char* server : {"a", "b", "c", "d", "e"}) put(server);
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_FALSE(takes("a"));
  EXPECT_TRUE(takes("b"));
  for (int i = 0; i < 9; ++i) put("e");
  EXPECT_LE(cache.size(), 4U);
}

TEST_F(SessionCache, GivesNoneThatIsOverItsTime) {
  put("a", TLS1_3_VERSION, now);
  EXPECT_FALSE(takes("a"));
  put("b");
  now += 24h * 30;
  EXPECT_FALSE(takes("b"));
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace weft::net::internal
