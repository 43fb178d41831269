#include <csignal>
#include <string>

#include <gmock/gmock.h>

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class WeftHealth : public NotesServerTest {};

TEST_F(WeftHealth, IsTheStatusAsTextAndExitStatus) {
  const Ended whole = weft("health", {});
  EXPECT_EQ(whole.out, "SERVING\n");
  EXPECT_EQ(whole.status, 0) << whole.err;
  EXPECT_EQ(weft("health", {"weft.test.notes.Notes"}).out, "SERVING\n");
  server_.set_serving("weft.test.notes.Notes", false);
  const Ended service = weft("health", {"weft.test.notes.Notes"});
  EXPECT_EQ(service.out, "NOT_SERVING\n");
  EXPECT_EQ(service.status, 1);
}

TEST_F(WeftHealth, DoesNotKnowEveryService) {
  const Ended ended = weft("health", {"no.Service"});
  EXPECT_EQ(ended.status, 64 + 5);
  EXPECT_THAT(ended.err, StartsWith("NOT_FOUND: "));
}

TEST_F(WeftHealth, ListsAllServices) {
  server_.set_serving("weft.test.notes.Notes", false);
  const Ended ended = weft("health", {"--all"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, HasSubstr("SERVING (the server)\n"));
  EXPECT_THAT(ended.out, HasSubstr("NOT_SERVING weft.test.notes.Notes\n"));
}

TEST_F(WeftHealth, IsWatchedUntilCtrlC) {
  Program program(kWeft, command("health", {"--watch"}));
  EXPECT_EQ(program.read_line(), "SERVING");
  server_.set_serving("", false);
  EXPECT_EQ(program.read_line(), "NOT_SERVING");
  program.signal(SIGINT);
  EXPECT_EQ(program.wait().status, 64 + 1);
}

TEST_F(WeftHealth, IsWatchedUntilTheServerStops) {
  Program program(kWeft, command("health", {"--watch"}));
  EXPECT_EQ(program.read_line(), "SERVING");
  server_.stop();
  EXPECT_EQ(program.read_line(), "NOT_SERVING");
  EXPECT_EQ(program.wait().status, 64 + 14);
}

}  // namespace
}  // namespace weft::test
