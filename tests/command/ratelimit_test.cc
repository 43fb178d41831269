#include <csignal>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"
#include "weft/security/envoy/shared_rate_limit.h"
#include "weft/testing/folder.h"

#include "tests/command/notes_service.h"
#include "tests/command/program.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class WeftRateLimit : public ::testing::Test {
 protected:
  const testing::Folder folder_;
};

TEST_F(WeftRateLimit, CountsForTheServersOfAFleet) {
  const std::string limits = folder_.write("limits.json", R"({"domains": [{"domain": "notes",
      "descriptors": [{"key": "method",
                       "rate_limit": {"unit": "day", "requests_per_unit": 3}}]}]})");
  Program program(kWeft, {"ratelimit", limits, "--listen", "127.0.0.1:0"});
  const std::string line = program.wait_for_error_line("listening on ");
  const std::string at = "listening on ";
  ASSERT_THAT(line, HasSubstr(at));
  const auto service = std::make_shared<Channel>(line.substr(line.find(at) + at.size()));
  const auto limited = shared_rate_limit(
      service, {.domain = "notes", .descriptors = rate_by_method, .timeout = 10s});
  ASSERT_TRUE(limited.ok()) << limited.status();

  int served = 0;
  for (const std::string name : {"inproc:limited-one", "inproc:limited-two"}) {
    Server server({.listen = name});
    server.use(*limited);
    server.add<Notes>();
    ASSERT_TRUE(server.start().ok());
    Channel channel(name);
    notes::NotesBlockingClient notes(channel);
    for (int i = 0; i < 3; ++i) {
      const Status status = notes.Echo({}, {.timeout = 20s}).status();
      if (status.code() != StatusCode::ResourceExhausted) ++served;
    }
  }
  EXPECT_EQ(served, 3);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait().status, 0);
}

TEST_F(WeftRateLimit, NamesWhatIsWrong) {
  const Ended wrong = run_weft({"ratelimit", folder_.write("wrong.json", R"({"domain": "x"})")});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("domain"));
  const Ended open = run_weft({"ratelimit", "limits.json", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.status, 2);
  EXPECT_THAT(open.err, HasSubstr("use up the limits of others"));
}

}  // namespace
}  // namespace weft::test
