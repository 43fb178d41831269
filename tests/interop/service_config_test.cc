// weft takes the service configs that grpc++ takes, and refuses those that it refuses.

#include "weft/middleware/service_config.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/interop/service_configs.h"

namespace weft {
namespace {

TEST(ServiceConfigInterop, TheVerdictsAreThoseOfTheTable) {
  for (const interop::ServiceConfigCase& c : interop::kServiceConfigs) {
    const Result<ServiceConfig> config = ServiceConfig::parse(c.json);
    EXPECT_EQ(config.ok(), c.weft) << c.json << "\n" << config.status().to_string();
  }
}

}  // namespace
}  // namespace weft
