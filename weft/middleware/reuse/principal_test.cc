// Policies that go by who calls: two principals, by middlewares and by certificates.

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"
#include "weft/middleware/limits/rate_limit.h"
#include "weft/middleware/reuse/response_cache.h"
#include "weft/middleware/reuse/single_flight.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr MethodDescriptor kGet{.name = "Get",
                                .path = "/pkg.Store/Get",
                                .kind = MethodKind::Unary,
                                .idempotent = true,
                                .no_side_effects = true};

using Prepare = std::function<void(Call&)>;

Prepare as(Principal who) {
  return [who = std::make_shared<const Principal>(std::move(who))](Call& call) {
    call.set_principal(who);
  };
}
Prepare as(std::string_view subject) {
  return as(Principal{.subject = std::string(subject), .scheme = "test"});
}
Prepare with(std::string_view name, std::string_view value) {
  return [name, value](Call& call) { call.request_metadata().add(name, value); };
}

/// A connection with a client's certificate.
Peer::Ref connection_of(std::string_view uri, std::string_view fingerprint = "1") {
  auto tls = std::make_shared<net::TlsInfo>();
  net::CertificateInfo& certificate = tls->chain.emplace_back();
  certificate.subject = "O=SPIRE,C=US";  // of every workload
  certificate.uris = {std::string(uri)};
  certificate.fingerprint = fingerprint;
  return Peer::Ref::make(*net::Address::parse("10.0.0.7:1234"), std::move(tls));
}
Prepare over(const Peer::Ref& peer) {
  return [peer](Call& call) { call.set_peer(peer); };
}

class KeyTest : public ::testing::Test {
 protected:
  std::string key(const CallKey& made_by, const std::vector<Prepare>& preparations) {
    Call call(Call::Side::Server, loop_, "/pkg.Store/Get", nullptr, nullptr);
    for (const Prepare& prepare : preparations) prepare(call);
    std::string text;
    made_by(call, text);
    return text;
  }
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  Peer::Ref a_ = connection_of("spiffe://example.org/a");
  Peer::Ref b_ = connection_of("spiffe://example.org/b");
};

TEST_F(KeyTest, ByPrincipalTellsCallersApart) {
  const CallKey by = by_principal();
  EXPECT_EQ(key(by, {}), "");
  EXPECT_EQ(key(by, {as("ann")}), key(by, {as("ann")}));
  EXPECT_NE(key(by, {as("ann")}), key(by, {as("bob")}));
  EXPECT_NE(key(by, {as({.subject = "ann", .issuer = "x"})}),
            key(by, {as({.subject = "ann", .issuer = "y"})}));
  EXPECT_NE(key(by, {as({.subject = "nn", .issuer = "xa"})}),
            key(by, {as({.subject = "ann", .issuer = "x"})}));
}

TEST_F(KeyTest, ByPrincipalFallsBackOnTheCertificate) {
  const CallKey by = by_principal();
  EXPECT_NE(key(by, {over(a_)}), key(by, {over(b_)}));
  EXPECT_EQ(key(by, {over(a_)}), key(by, {over(connection_of("spiffe://example.org/a", "2"))}))
      << "a renewed certificate is the same caller";
  EXPECT_EQ(key(by, {over(a_), as("ann")}), key(by, {over(b_), as("ann")}));
}

TEST_F(KeyTest, ByIdentityGoesByTheConnection) {
  const CallKey by = by_identity();
  EXPECT_EQ(key(by, {as("ann")}), "");
  EXPECT_NE(key(by, {over(a_)}), key(by, {over(b_)}));
  EXPECT_EQ(key(by, {over(a_), as("ann")}), key(by, {over(a_), as("bob")}));
}

TEST_F(KeyTest, ByPeerTakesTheDescriptionWithoutAnAddress) {
  EXPECT_EQ(key(by_peer(), {over(Peer::local())}), "in-process");
  EXPECT_EQ(key(by_peer(), {over(Peer::Ref::make("nats:orders"))}), "nats:orders");
  EXPECT_EQ(key(by_peer(), {over(a_)}), "10.0.0.7");
}

class PrincipalPolicy : public middleware::PolicyTest {
 protected:
  PrincipalPolicy() {
    method_ = &kGet;
    service_.response = "the answer";
  }
  void cache(ResponseCacheOptions options = {}) {
    options.observer = &events_;
    use(response_cache(options));
  }
  void share(SingleFlightOptions options = {}) {
    service_.takes = 100ms;
    options.observer = &events_;
    use(single_flight(options));
  }
  /// How many of two calls reach the service: one after the other, and at the same time.
  int reaching(const Prepare& first, const Prepare& second) {
    const int before = service_.calls;
    EXPECT_TRUE(serve(first).ok());
    EXPECT_TRUE(serve(second).ok());
    return service_.calls - before;
  }
  int reaching_together(const Prepare& first, const Prepare& second) {
    const int before = service_.calls;
    const Handle a = start(first);
    const Handle b = start(second);
    finish(*a);
    finish(*b);
    EXPECT_TRUE(a->status.ok() && b->status.ok());
    EXPECT_EQ(b->response(), "the answer");
    return service_.calls - before;
  }
};

TEST_F(PrincipalPolicy, RateLimitsCountEachCaller) {
  use(rate_limit({.rate = 1, .burst = 2, .key = by_principal()}));
  for (const char* who : {"ann", "bob"}) {
    EXPECT_TRUE(serve(as(who)).ok());
    EXPECT_TRUE(serve(as(who)).ok());
    EXPECT_EQ(serve(as(who)).code(), StatusCode::ResourceExhausted) << who;
  }
}

TEST_F(PrincipalPolicy, CacheKeepsAnAnswerForItsCaller) {
  cache();
  EXPECT_EQ(reaching(as("ann"), as("ann")), 1);
  EXPECT_EQ(reaching(as("bob"), as("bob")), 1);
  EXPECT_EQ(reaching({}, {}), 1) << "nobody known";
}

TEST_F(PrincipalPolicy, CacheTellsRolesAndClaimsApart) {
  cache();
  EXPECT_EQ(reaching(as({.subject = "ann", .roles = {"a"}}), as({.subject = "ann"})), 2);
  EXPECT_EQ(reaching(as({.subject = "ann", .claims = {{"a", "b"}}}),
                     as({.subject = "ann", .roles = {"a", "b"}})),
            2);
}

TEST_F(PrincipalPolicy, CacheTellsCertificatesApart) {
  cache();
  EXPECT_EQ(reaching(over(connection_of("spiffe://example.org/a", "1")),
                     over(connection_of("spiffe://example.org/b", "2"))),
            2);
  EXPECT_EQ(reaching(over(connection_of("spiffe://example.org/a", "1")),
                     over(connection_of("spiffe://example.org/a", "1"))),
            0);
}

TEST_F(PrincipalPolicy, CacheTellsCredentialsApartWhateverVaryNames) {
  cache({.vary = {"accept-language"}});
  EXPECT_EQ(reaching(with("authorization", "ann"), with("authorization", "bob")), 2);
  EXPECT_EQ(reaching(with("authorization", "ann"), with("authorization", "bob")), 0);
}

TEST_F(PrincipalPolicy, CacheServesEverybodyWhereAllowed) {
  cache({.vary = {}, .across_principals = true});
  EXPECT_EQ(reaching(as("ann"), as("bob")), 1);
  EXPECT_EQ(reaching(with("authorization", "ann"), over(connection_of("spiffe://example.org/a"))),
            0);
}

TEST_F(PrincipalPolicy, CacheKeepsNothingOfCallersItLearntOfTooLate) {
  cache();
  use([](Call& call, Next next) {
    // Authenticates behind the cache, by what the cache does not know of.
    as(std::as_const(call).request_metadata().get("api-key").value_or("nobody"))(call);
    return next(call);
  });
  EXPECT_EQ(reaching(with("api-key", "ann"), with("api-key", "bob")), 2);
  EXPECT_EQ(events_.count("cache.not_shared"), 2);
  EXPECT_EQ(events_.count("cache.stored"), 0);
}

TEST_F(PrincipalPolicy, SingleFlightIsOfOneCaller) {
  share();
  EXPECT_EQ(reaching_together(as("ann"), as("ann")), 1);
  EXPECT_EQ(reaching_together(as("ann"), as("bob")), 2);
  EXPECT_EQ(reaching_together(over(connection_of("spiffe://example.org/a", "1")),
                              over(connection_of("spiffe://example.org/b", "2"))),
            2);
}

TEST_F(PrincipalPolicy, SingleFlightTellsCredentialsApartWhateverVaryNames) {
  share({.vary = {}});
  EXPECT_EQ(reaching_together(with("authorization", "ann"), with("authorization", "bob")), 2);
}

TEST_F(PrincipalPolicy, SingleFlightServesEverybodyWhereAllowed) {
  share({.across_principals = true});
  EXPECT_EQ(reaching_together(as("ann"), as("bob")), 1);
}

TEST_F(PrincipalPolicy, SingleFlightDoesNotShareWhatItLearntTooLate) {
  share();
  use([](Call& call, Next next) {
    as(std::as_const(call).request_metadata().get("api-key").value_or("nobody"))(call);
    return next(call);
  });
  EXPECT_EQ(reaching_together(with("api-key", "ann"), with("api-key", "bob")), 2);
  EXPECT_EQ(events_.count("single_flight.not_shared"), 2);
}

}  // namespace
}  // namespace weft
