#include <string>

#include <benchmark/benchmark.h>

#include "weft/net/tls/tls_info.h"
#include "weft/security/authorization_policy.h"

namespace weft::security {
namespace {

/// A call that only the last of so many rules allows.
void decide_by_the_last_rule(benchmark::State& state) {
  std::string json = R"({"name": "p", "allow_rules": [)";
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const std::string n = std::to_string(i);
    json += (i == 0 ? R"({"name": "r)" : R"(, {"name": "r)") + n +
            R"(", "source": {"principals": ["spiffe://example.org/)" + n +
            R"("]}, "request": {"paths": ["/shop.Service/*"]}})";
  }
  const Result<AuthorizationPolicy> policy = AuthorizationPolicy::parse(json + "]}");
  const Metadata metadata;
  net::CertificateInfo certificate;
  certificate.uris = {"spiffe://example.org/" + std::to_string(state.range(0) - 1)};
  const AuthorizationRequest request{.path = "/shop.Service/Get",
                                     .metadata = metadata,
                                     .certificate = &certificate,
                                     .encrypted = true};
  for (auto _ : state) {
    AuthorizationDecision decision = policy->decide(request);
    benchmark::DoNotOptimize(decision);
  }
  if (!policy->decide(request).allowed) state.SkipWithError("the call is not allowed");
}
BENCHMARK(decide_by_the_last_rule)->Arg(1)->Arg(10)->Arg(100);

}  // namespace
}  // namespace weft::security
