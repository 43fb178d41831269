// Authorization policies from strangers: nothing crashes, what is wrong is INVALID_ARGUMENT, and
// what decides says the same when it explains.
//
// Input: the text.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "weft/security/authorization_policy.h"

namespace {

using namespace weft;
using security::AuthorizationPolicy;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<AuthorizationPolicy> policy = AuthorizationPolicy::parse(text);
  if (!policy.ok()) {
    require(policy.status().code() == StatusCode::InvalidArgument, "errors are INVALID_ARGUMENT");
    require(policy.status().message().size() < 16384, "errors are short");
    return 0;
  }
  Metadata metadata;
  metadata.add("t", "dev");
  metadata.add("t", "web");
  const Principal caller{.subject = "ann", .issuer = "https://a.example", .scheme = "jwt"};
  for (const Principal* principal : {static_cast<const Principal*>(nullptr), &caller}) {
    const security::AuthorizationRequest request{
        .path = "/shop.Orders/Get", .metadata = metadata, .principal = principal};
    const bool allowed = policy->decide(request).allowed;
    require(policy->explain(request).starts_with(allowed ? "allowed" : "denied"),
            "an explanation begins with the decision");
  }
  return 0;
}
