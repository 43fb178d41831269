#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/testing/folder.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kPolicy = R"({
  "name": "shop",
  "deny_rules": [{"name": "no_reset", "request": {"paths": ["/shop.Admin/Reset"]}}],
  "allow_rules": [
    {"name": "billing", "source": {"principals": ["spiffe://example.org/billing"]},
     "request": {"paths": ["/shop.Orders/*"]}},
    {"name": "testers", "source": {"principals": ["CN=tester", "*.example.org"]},
     "request": {"headers": [{"key": "x-env", "values": ["test"]}]}}
  ]
})";

class WeftExplain : public ::testing::Test {
 protected:
  Ended explain(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"explain", policy_});
    return run_weft(arguments);
  }
  const testing::Folder folder_;
  const std::string policy_ = folder_.write("policy.json", kPolicy);
};

TEST_F(WeftExplain, SaysWhichRuleAllows) {
  const Ended ended = explain({"shop.Orders/Get", "--as", "spiffe://example.org/billing"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("allowed\n"));
  EXPECT_THAT(ended.out, HasSubstr("billing"));
}

TEST_F(WeftExplain, SaysWhatIsMissing) {
  const Ended stranger = explain({"/shop.Orders/Get"});
  EXPECT_EQ(stranger.status, 1);
  EXPECT_THAT(stranger.out, StartsWith("denied, since no rule allows it\n"));
  const Ended reset = explain({"shop.Admin/Reset", "--as", "spiffe://example.org/billing"});
  EXPECT_EQ(reset.status, 1);
  EXPECT_THAT(reset.out, HasSubstr("no_reset"));
}

TEST_F(WeftExplain, KnowsMetadataAndNamesOfCertificates) {
  for (const char* name : {"CN=tester", "web.example.org"}) {
    EXPECT_EQ(explain({"a.B/C", "--as", name, "-H", "x-env: test"}).status, 0) << name;
    EXPECT_EQ(explain({"a.B/C", "--as", name, "-H", "x-env: live"}).status, 1) << name;
  }
  EXPECT_EQ(explain({"a.B/C", "--as", "example.com", "-H", "x-env: test"}).status, 1);
}

TEST_F(WeftExplain, NamesWhatCannotBeRead) {
  const Ended missing = run_weft({"explain", folder_.path() + "/none.json", "a.B/C"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("none.json': No such file"));
  const std::string broken = folder_.write("broken.json", R"({"name": "x", "allow": []})");
  const Ended wrong = run_weft({"explain", broken, "a.B/C"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("allow"));
}

}  // namespace
}  // namespace weft::test
