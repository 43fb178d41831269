#include <csignal>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class WeftCall : public NotesServerTest {};

TEST_F(WeftCall, PrintsTheResponseOnOneLineWhereNobodyWatches) {
  const Ended ended = call("Echo", {R"({"text": "hi", "answers": [{"kind": "LOUD"}]})"});
  EXPECT_EQ(ended.out, "{\"text\":\"hi\",\"answers\":[{\"kind\":\"LOUD\"}]}\n");
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(ended.status, 0);
}

TEST_F(WeftCall, SendsAnEmptyRequestWhereNoneIsGiven) {
  const Ended ended = call("Echo", {});
  EXPECT_EQ(ended.out, "{}\n");
  EXPECT_EQ(ended.status, 0);
}

TEST_F(WeftCall, PrintsOverSeveralLinesWhenAsked) {
  EXPECT_EQ(call("Echo", {R"({"text":"hi"})", "--pretty"}).out, "{\n  \"text\": \"hi\"\n}\n");
}

TEST_F(WeftCall, PrintsFieldsThatAreZeroUnlessToldNotTo) {
  const std::string method = "weft.test.notes.Notes/";
  EXPECT_EQ(weft("call", {method + "Collect", ""}).out, "{\"count\":\"0\",\"text\":\"\"}\n");
  EXPECT_EQ(weft("call", {method + "Echo", R"({"answers":[{"times":1}]})"}).out,
            R"({"text":"","kind":"PLAIN","times":0,"raw":"","answers":[)"
            R"({"text":"","kind":"PLAIN","times":1,"raw":"","answers":[]}]})"
            "\n");
  EXPECT_EQ(weft("call", {method + "Collect", "", "--no-defaults"}).out, "{}\n");
}

TEST_F(WeftCall, ReadsTheRequestFromAFileOrStandardInput) {
  const std::string path = ::testing::TempDir() + "weft-call-request.json";
  std::ofstream(path) << "{\n  \"text\": \"filed\"\n}\n";
  EXPECT_EQ(call("Echo", {"@" + path}).out, "{\"text\":\"filed\"}\n");
  EXPECT_EQ(call("Echo", {"-"}, R"({"text":"piped"})").out, "{\"text\":\"piped\"}\n");
  std::ofstream(path) << "\xef\xbb\xbf{\"text\":\"marked\"}";
  EXPECT_EQ(call("Echo", {"@" + path}).out, "{\"text\":\"marked\"}\n");
}

TEST_F(WeftCall, AcceptsTheMethodWithADotAndTheFlagsAnywhere) {
  const Ended ended = run_weft({"call", "--timeout", "30s", address_, "-H", "x-a: b",
                                "weft.test.notes.Notes.Echo", "{}", "-v", "--no-defaults"});
  EXPECT_EQ(ended.out, "{}\n");
  EXPECT_THAT(ended.err, HasSubstr("x-a: b"));
}

TEST_F(WeftCall, SendsTheValuesOfAnArgumentAsAStream) {
  const Ended ended = call("Collect", {R"({"text":"a"} {"text":"b"}{"text":"c"})"});
  EXPECT_EQ(ended.out, "{\"count\":\"3\",\"text\":\"abc\"}\n");
  EXPECT_EQ(ended.status, 0);
}

TEST_F(WeftCall, SendsTheLinesOfStandardInputAsAStream) {
  const Ended ended = call("Collect", {}, "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  EXPECT_EQ(ended.out, "{\"count\":\"2\",\"text\":\"ab\"}\n");
  EXPECT_EQ(call("Collect", {}, "").out, "{}\n");
}

TEST_F(WeftCall, ReadsARegularFileAsStandardInput) {
  const std::string path = ::testing::TempDir() + "weft-call-stream.json";
  std::ofstream(path) << "{\"text\":\"a\"}\n{\"text\":\"b\"}";
  EXPECT_EQ(call("Collect", {"@" + path}).out, "{\"count\":\"2\",\"text\":\"ab\"}\n");
}

TEST_F(WeftCall, PrintsEveryResponseOfAStream) {
  const Ended ended = call("Repeat", {R"({"text":"x","times":3})"});
  const std::string line = "{\"text\":\"x\",\"times\":3}\n";
  EXPECT_EQ(ended.out, line + line + line);
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(call("Repeat", {"{}"}).out, "");
}

TEST_F(WeftCall, SendsAndPrintsMessagesOfAConversationAsTheyCome) {
  Program program(kWeft, call_command("Chat", {}));
  for (const char* line : {"{\"text\":\"one\"}", "{\"text\":\"two\"}"}) {
    program.write(std::string(line) + "\n");
    EXPECT_EQ(program.read_line(), line);
  }
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(WeftCall, EndsWhenTheServerDoesThoughInputIsOpen) {
  Program program(kWeft, call_command("Chat", {}));
  program.write("{\"text\":\"stop\"}\n");
  EXPECT_TRUE(program.wait_for_error("ABORTED: stopped\n"));
  EXPECT_EQ(program.wait().status, 64 + 10);
}

TEST_F(WeftCall, SendsALongStreamWithoutKeepingIt) {
  std::string input;
  for (int i = 0; i < 20'000; ++i) input += "{\"text\":\"abcdefghij\"}\n";
  const Ended ended = call("Collect", {"-", "--max-receive-size", "1M"}, input);
  EXPECT_THAT(ended.out, StartsWith("{\"count\":\"20000\"")) << ended.err;
}

TEST_F(WeftCall, EndsWithTheCodeAndTheMessageOfTheStatus) {
  const Ended ended = call("Fail", {R"({"code":5,"message":"no such note \"7\""})"});
  EXPECT_EQ(ended.status, 64 + 5);
  EXPECT_EQ(ended.err, "NOT_FOUND: no such note \"7\"\n");
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(call("Fail", {R"({"code":16})"}).status, 64 + 16);
}

TEST_F(WeftCall, ShowsDetailsOfTheServersOwnTypes) {
  const Ended ended =
      call("Fail", {R"({"code":9,"message":"not now","note":{"text":"why","times":2}})"});
  EXPECT_EQ(ended.status, 64 + 9);
  EXPECT_EQ(
      ended.err,
      "FAILED_PRECONDITION: not now\n  weft.test.notes.Note {\"text\":\"why\",\"times\":2}\n");
}

TEST_F(WeftCall, EndsWithDeadlineExceeded) {
  const Ended ended = call("Hang", {"--timeout", "50ms"});
  EXPECT_EQ(ended.status, 64 + 4);
  EXPECT_THAT(ended.err, StartsWith("DEADLINE_EXCEEDED: "));
}

TEST_F(WeftCall, IsCancelledByCtrlC) {
  Program program(kWeft, call_command("Hang", {"-v"}));
  ASSERT_TRUE(program.wait_for_error("request 1: 0 bytes"));
  program.signal(SIGINT);
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 64 + 1);
  EXPECT_THAT(ended.err, HasSubstr("CANCELLED: interrupted by the user (SIGINT)"));
}

TEST_F(WeftCall, IsUnavailableWhereNobodyListens) {
  server_.stop();
  const Ended ended = call("Echo", {});
  EXPECT_EQ(ended.status, 64 + 14);
  EXPECT_THAT(ended.err, AllOf(StartsWith("UNAVAILABLE: "), HasSubstr(address_),
                               HasSubstr("connection refused")));
}

TEST_F(WeftCall, WaitsForAServerWhenAsked) {
  server_.stop();
  const Ended ended = call("Echo", {"--wait-for-ready", "--timeout", "200ms"});
  EXPECT_EQ(ended.status, 64 + 4) << ended.err;
}

TEST_F(WeftCall, ShowsMetadataTrailersSizesAndTimes) {
  const Ended ended =
      call("Echo", {R"({"text":"hi"})", "-v", "-H", "x-id: 7", "-H", "x-key-bin: AQID"});
  EXPECT_EQ(ended.out, "{\"text\":\"hi\"}\n");
  EXPECT_THAT(ended.err, ContainsRegex("> /weft.test.notes.Notes/Echo \\(unary\\)\n"
                                       ">   x-id: 7\n>   x-key-bin: AQID\n"));
  EXPECT_THAT(ended.err, ContainsRegex("> request 1: 4 bytes, at [0-9.]+ [mu]?s\n"));
  EXPECT_THAT(ended.err, ContainsRegex("\\* connected to " + address_ + "\n"));
  EXPECT_THAT(ended.err, ContainsRegex("< response metadata, at [0-9.]+ [mu]?s\n(<   .*\n)*"
                                       "<   x-id: 7\n<   x-key-bin: AQID\n"));
  EXPECT_THAT(ended.err, ContainsRegex("< response 1: 4 bytes, at "));
  EXPECT_THAT(ended.err, ContainsRegex("< trailers, at .*\n(<   .*\n)*<   x-id: 7\n"));
  EXPECT_THAT(ended.err, ContainsRegex("\\* OK after .*; sent 1 message, 4 bytes; received 1 "
                                       "message, 4 bytes\n"));
}

TEST_F(WeftCall, SendsWithEveryCompression) {
  const std::string json = "{\"text\":\"" + std::string(2000, 'a') + "\"}";
  for (const char* name : {"identity", "gzip", "deflate", "zstd"}) {
    const Ended ended = call("Echo", {json, "--compression", name});
    EXPECT_EQ(ended.out, json + "\n") << name << ": " << ended.err;
  }
}

TEST_F(WeftCall, RefusesAResponseBeyondItsLimit) {
  const std::string json = "{\"text\":\"" + std::string(5000, 'a') + "\"}";
  const Ended ended =
      call("Echo", {json, "--max-receive-size", "4k", "--proto", (NOTES_DIR "/notes.proto")});
  EXPECT_EQ(ended.status, 64 + 8);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("4096")));
}

TEST_F(WeftCall, TakesTypesFromAProtoFileWithoutReflection) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.reflection = false;
  Server bare(options);
  bare.add<Notes>();
  ASSERT_TRUE(bare.start().ok());
  const std::string address = "127.0.0.1:" + std::to_string(bare.port());
  const std::vector<std::string> plain = {"call", address, "weft.test.notes.Notes/Echo",
                                          "--no-defaults"};
  const Ended without = run_weft(plain);
  EXPECT_EQ(without.status, 64 + 12);
  EXPECT_THAT(without.err, HasSubstr("--proto"));
  std::vector<std::string> with = plain;
  with.insert(with.end(), {"{\"times\":1}", "--proto", "notes.proto", "-I", NOTES_DIR});
  const Ended ended = run_weft(with);
  EXPECT_EQ(ended.out, "{\"times\":1}\n") << ended.err;
}

TEST_F(WeftCall, SuggestsMethodsAndServices) {
  const Ended method = call("Ecko", {});
  EXPECT_EQ(method.status, 2);
  EXPECT_EQ(method.err,
            "weft: the service 'weft.test.notes.Notes' has no method 'Ecko'; did you mean "
            "'Echo'?\n");
  const Ended service = weft("call", {"weft.test.Note/Echo"});
  EXPECT_EQ(service.status, 2);
  EXPECT_THAT(service.err, HasSubstr("did you mean 'weft.test.notes.Notes'?"));
}

TEST_F(WeftCall, SaysWhereTheJsonIsWrong) {
  const Ended syntax = call("Echo", {R"({"text" "x"})"});
  EXPECT_EQ(syntax.status, 2);
  EXPECT_EQ(syntax.err,
            "weft: DATA: line 1, column 9: expected ':' after the name of a field, found '\"'\n"
            "  {\"text\" \"x\"}\n"
            "          ^\n");
  const Ended field = call("Echo", {R"({"times": "many"})"});
  EXPECT_EQ(field.status, 2);
  EXPECT_EQ(
      field.err,
      "weft: DATA: line 1, column 11: field times: \"many\" is not a number; its type is int32\n");
}

TEST_F(WeftCall, CancelsAStreamWhoseInputIsWrong) {
  Program program(kWeft, call_command("Chat", {}));
  program.write("{\"text\":\"one\"}\n");
  EXPECT_EQ(program.read_line(), "{\"text\":\"one\"}");
  program.write("{\"txt\":\"two\"}\n");
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.err,
            "weft: standard input: line 2, column 2: there is no field 'txt' in "
            "weft.test.notes.Note; did you mean 'text'?\n");
}

TEST_F(WeftCall, TakesOneRequestWhereTheMethodDoes) {
  const Ended two = call("Echo", {"{} {}"});
  EXPECT_EQ(two.status, 2);
  EXPECT_THAT(two.err, HasSubstr("DATA: line 1, column 4: a second JSON value"));
  const Ended none = call("Echo", {"-"}, "\n");
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("standard input: there is no JSON in it"));
}

TEST_F(WeftCall, NamesTheFlagThatIsWrong) {
  const auto error = [this](const std::vector<std::string>& flags) {
    const Ended ended = call("Echo", flags);
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.out, IsEmpty());
    return ended.err.substr(0, ended.err.find('\n'));
  };
  EXPECT_THAT(error({"--timeout", "5"}), StartsWith("weft call: --timeout: '5' is not a time"));
  EXPECT_THAT(error({"--compression", "lzma"}),
              StartsWith("weft call: --compression: 'lzma' is not an encoding"));
  EXPECT_THAT(error({"--max-receive-size", "big"}),
              StartsWith("weft call: --max-receive-size: 'big' is not a size"));
  EXPECT_THAT(error({"-H", "nothing"}), StartsWith("weft call: -H 'nothing': expected"));
  EXPECT_THAT(error({"--timeot", "5s"}), HasSubstr("did you mean '--timeout'?"));
  EXPECT_THAT(error({"@/nowhere"}), HasSubstr("@/nowhere: No such file or directory"));
  EXPECT_THAT(error({"--proto", "/nowhere.proto"}), HasSubstr("--proto /nowhere.proto"));
}

}  // namespace
}  // namespace weft::test
