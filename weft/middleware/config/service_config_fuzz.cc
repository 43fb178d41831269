// Service configs from strangers: nothing crashes, what is wrong is INVALID_ARGUMENT that says
// where, and what is read can be used and looked up.
//
// Input: the text.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/middleware/config/service_config.h"

namespace {

using namespace weft;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

void check(const ServiceConfig& config) {
  for (const MethodConfig& method : config.methods) {
    require(!method.retry || validate(*method.retry).ok(), "retries that are read can be used");
    require(!method.hedge || validate(*method.hedge).ok(), "hedges that are read can be used");
    require(!method.retry || !method.hedge, "a method is retried or hedged");
    require(!method.retry || method.retry->max_attempts <= 5, "attempts are bounded");
    for (const MethodConfig::Name& name : method.names) {
      // A slash within is nobody's name; it only must not confuse the look-up.
      if ((name.service + name.method).find('/') != std::string::npos) continue;
      if (name.method.empty() || name.service.empty()) continue;
      require(config.find("/" + name.service + "/" + name.method) == &method,
              "a method finds its own config");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<ServiceConfig> config = ServiceConfig::parse(text);
  if (!config.ok()) {
    require(config.status().code() == StatusCode::InvalidArgument, "errors are INVALID_ARGUMENT");
    require(config.status().message().size() < 16384, "errors are short");
    return 0;
  }
  check(*config);
  ServiceConfigPolicy policy;
  require(policy.set(*config).ok(), "what is read can be used");
  require(config->find("/a/b") == nullptr || !config->methods.empty(), "nothing comes of nothing");
  return 0;
}
