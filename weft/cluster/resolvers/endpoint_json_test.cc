#include "weft/cluster/resolvers/endpoint_json.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::cluster {
namespace {

TEST(EndpointJson, RefusesAnyValueThatIsNestedWithoutEnd) {
  // Whoever may write into a file or a registry writes this.
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  std::string closed = deep;
  for (int i = 0; i < 100'000; ++i) closed += "]";
  for (const std::string& text : {closed, "{\"address\":" + closed + "}",
                                  "{\"addresses\":" + closed + "}", "{\"x\":" + closed + "}"}) {
    for (const UnknownMembers unknown : {UnknownMembers::Refuse, UnknownMembers::Ignore}) {
      EXPECT_EQ(endpoint_from_json(text, unknown).status().message(),
                "nested deeper than 64 levels");
    }
    EXPECT_EQ(endpoints_from_json(text).status().message(), "nested deeper than 64 levels");
  }
  EXPECT_FALSE(endpoint_from_json(deep, UnknownMembers::Ignore).ok());
}

TEST(EndpointJson, TakesWhatIsUsual) {
  EXPECT_TRUE(
      endpoint_from_json(R"({"address":"10.0.0.1:1","x":[[[[1]]]]})", UnknownMembers::Ignore).ok());
}

}  // namespace
}  // namespace weft::cluster
