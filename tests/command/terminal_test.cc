#include <string>

#include <gmock/gmock.h>

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WeftOnATerminal : public NotesServerTest {
 protected:
  std::string output(const std::vector<std::string>& flags,
                     const std::vector<std::string>& environment = {}) const {
    std::vector<std::string> rest{R"({"text":"hi"})"};
    rest.insert(rest.end(), flags.begin(), flags.end());
    Program program(kWeft, call_command("Echo", rest), Program::Output::Terminal, environment);
    return program.wait().out;
  }
};

/// /dev/full has no room for anything.
Ended run_to_full_device(const std::vector<std::string>& arguments) {
  Program program(kWeft, arguments, Program::Output::Full);
  return program.wait();
}

// A terminal ends lines with \r\n.
TEST_F(WeftOnATerminal, PrintsPrettyAndInColour) {
  EXPECT_EQ(output({}), "{\r\n  \033[34m\"text\"\033[0m: \033[32m\"hi\"\033[0m\r\n}\r\n");
}

TEST_F(WeftOnATerminal, HasNoColourWithNoColor) {
  EXPECT_EQ(output({}, {"NO_COLOR=1"}), "{\r\n  \"text\": \"hi\"\r\n}\r\n");
  EXPECT_EQ(output({}, {"TERM=dumb"}), "{\r\n  \"text\": \"hi\"\r\n}\r\n");
}

TEST_F(WeftOnATerminal, PrintsOnOneLineWhenAsked) {
  EXPECT_EQ(output({"--compact"}, {"NO_COLOR=1"}), "{\"text\":\"hi\"}\r\n");
}

TEST(Weft, ShowsItsVersionAndItsCommands) {
  EXPECT_THAT(run_weft({"--version"}).out, StartsWith("weft "));
  const Ended help = run_weft({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"list", "describe", "call", "health", "doctor"}) {
    EXPECT_THAT(help.out, HasSubstr("\n  " + std::string(command) + " "));
    const Ended of_command = run_weft({command, "--help"});
    EXPECT_EQ(of_command.status, 0);
    EXPECT_THAT(of_command.out, HasSubstr("Examples:\n  weft " + std::string(command)));
  }
}

TEST(Weft, SaysThatWeftLogNamesNoLevel) {
  Program program(kWeft, {"list", "--proto", NOTES_DIR "/notes.proto"}, Program::Output::Pipe,
                  {"WEFT_LOG=bogus"});
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("WEFT_LOG is 'bogus', which is none of trace, debug"));
}

TEST(Weft, SaysThatItsOutputIsLost) {
  const Ended ended = run_to_full_device({"list", "--proto", NOTES_DIR "/notes.proto"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("standard output"));
}

TEST(Weft, NamesWhatIsWrongWithTheCommandLine) {
  EXPECT_EQ(run_weft({}).status, 2);
  const Ended unknown = run_weft({"cal", ":1"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, StartsWith("weft: there is no command 'cal'; did you mean 'call'?\n"));
  const Ended address = run_weft({"list", "localhost"});
  EXPECT_EQ(address.status, 2);
  EXPECT_THAT(address.err, HasSubstr("ADDRESS: 'localhost'"));
  EXPECT_EQ(run_weft({"list"}).err,
            "weft list: ADDRESS (or --proto FILE) is required\nsee `weft list --help`\n");
}

}  // namespace
}  // namespace weft::test
