#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Json = google::protobuf::Struct;

class WeftBench : public NotesServerTest {
 protected:
  Ended bench(const std::string& method, std::vector<std::string> rest) const {
    rest.insert(rest.begin(), "weft.test.notes.Notes/" + method);
    return weft("bench", rest);
  }
  static Json parsed(const std::string& text) {
    Json json;
    const auto status = google::protobuf::util::JsonStringToMessage(text, &json);
    EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << text;
    return json;
  }
  static double number(const Json& json, const std::string& name) {
    return json.fields().at(name).number_value();
  }
};

TEST_F(WeftBench, MakesTheCallsAndPrintsWhatTheyTook) {
  const Ended ended = bench("Echo", {"-n", "500", "-c", "2", "-m", "5", "-d", R"({"text":"hi"})"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, StartsWith("weft.test.notes.Notes/Echo at " + address_ +
                                    ": 2 connections x 5 streams, closed loop\n"));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("500 in "), HasSubstr("4 B out, 4 B in per call"),
                               HasSubstr("p99.9")));
}

TEST_F(WeftBench, WritesFiguresWhoseSumsAgree) {
  const Ended ended = bench("Echo", {"-n", "1k", "--threads", "2", "-c", "3", "-m", "4", "-d",
                                     R"({"text":"{{n}}"})", "--json", "-"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const Json json = parsed(ended.out);
  EXPECT_EQ(number(json, "count"), 1000);
  EXPECT_EQ(number(json, "ok"), 1000);
  EXPECT_EQ(number(json, "errors"), 0);
  double buckets = 0;
  for (const auto& bucket : json.fields().at("histogram").list_value().values()) {
    buckets += number(bucket.struct_value(), "count");
  }
  EXPECT_EQ(buckets, 1000);
  // "0" to "999": two bytes before 2890 digits of all numbers together.
  EXPECT_EQ(number(json, "bytes_sent"), 2 * 1000 + 2890);
  const Json& load = json.fields().at("load").struct_value();
  EXPECT_EQ(load.fields().at("loop").string_value(), "closed");
  EXPECT_EQ(number(load, "threads"), 2);
}

TEST_F(WeftBench, WritesAPageThatNeedsNothingElse) {
  const std::string path = ::testing::TempDir() + "weft-bench.html";
  const Ended ended = bench("Echo", {"-n", "300", "--html", path});
  EXPECT_EQ(ended.status, 0) << ended.err;
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(page, AllOf(StartsWith("<!doctype html>"), HasSubstr("<svg"), HasSubstr("</html>"),
                          HasSubstr("weft.test.notes.Notes/Echo")));
  EXPECT_THAT(page, ::testing::Not(HasSubstr("http")));
}

TEST_F(WeftBench, CountsErrorsByTheirStatus) {
  const Ended ended = bench(
      "Fail", {"-n", "20", "--no-check", "-d", R"({"code": 5, "message": "gone"}{"code": 9})"});
  EXPECT_EQ(ended.status, 64 + 5);
  EXPECT_THAT(ended.out, ::testing::ContainsRegex("NOT_FOUND +10  gone\n"));
  EXPECT_THAT(ended.out, ::testing::ContainsRegex("FAILED_PRECONDITION +10"));
  EXPECT_THAT(ended.out, HasSubstr("errors 20 (100.0%)"));
}

TEST_F(WeftBench, LooksWhetherACallWorksBeforeItMakesMany) {
  const Ended ended = bench("Fail", {"-n", "20", "-d", R"({"code": 5, "message": "gone"})"});
  EXPECT_EQ(ended.status, 64 + 5);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, StartsWith("NOT_FOUND: before the run, a call of "
                                    "weft.test.notes.Notes/Fail failed: gone (--no-check"));
}

TEST_F(WeftBench, GivesEveryCallADeadline) {
  const Ended ended = bench("Hang", {"-n", "3", "--no-check", "--timeout", "20ms"});
  EXPECT_EQ(ended.status, 64 + 4);
  EXPECT_THAT(ended.out, ::testing::ContainsRegex("DEADLINE_EXCEEDED +3"));
}

TEST_F(WeftBench, MakesCallsThatAreDueAtARate) {
  const Ended ended = bench("Echo", {"-z", "300ms", "--rate", "200", "-m", "10", "--json", "-"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const Json json = parsed(ended.out);
  // What was not begun when the time was up is not made, and is counted.
  EXPECT_EQ(number(json, "count") + number(json, "not_begun"), 60);
  EXPECT_EQ(number(json, "dropped"), 0);
}

TEST_F(WeftBench, MixesMethods) {
  const std::string collect = "weft.test.notes.Notes/Collect";
  const Ended ended =
      bench("Echo=3", {collect, "-d", R"({"text":"e"})", "-d",
                       R"(Collect={"text":"a"}{"text":"b"})", "-n", "40", "--json", "-"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const Json json = parsed(ended.out);
  const auto& methods = json.fields().at("methods").list_value().values();
  ASSERT_EQ(methods.size(), 2);
  EXPECT_EQ(number(methods[0].struct_value(), "count"), 30);
  EXPECT_EQ(number(methods[1].struct_value(), "count"), 10);
  EXPECT_EQ(number(methods[1].struct_value(), "bytes_sent"), 10 * 2 * 3);
}

TEST_F(WeftBench, PlaysPingPongOnStreams) {
  const Ended ended =
      bench("Chat", {"--stream", "-n", "100", "-c", "2", "-m", "2", "-d", R"({"text":"x"})"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("messages"), HasSubstr("100 in ")));
}

TEST_F(WeftBench, EndsAtCtrlCAndPrintsWhatWasMeasured) {
  std::vector<std::string> arguments = command(
      "bench", {"weft.test.notes.Notes/Echo", "-z", "1h", "-d", R"({"text":"x"})", "-m", "4"});
  Program program(kWeft, arguments);
  // Its first line of progress.
  EXPECT_TRUE(program.wait_for_error("p99"));
  program.signal(SIGINT);
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("! interrupted"));
}

TEST_F(WeftBench, NamesWhatIsWrongWithItsArguments) {
  EXPECT_THAT(bench("Ecko", {}).err, HasSubstr("has no method 'Ecko'; did you mean 'Echo'?"));
  const Ended json = bench("Echo", {"-d", R"({"text": "a", "tims": 3})"});
  EXPECT_EQ(json.status, 2);
  EXPECT_THAT(json.err, HasSubstr("column 15: there is no field 'tims'"));
  EXPECT_THAT(json.err, HasSubstr("did you mean 'times'?"));
  EXPECT_THAT(bench("Echo", {"-d", "{\"text\": {{n}"}).err, HasSubstr("DATA: line 1, column "));
  EXPECT_THAT(bench("Echo", {"--stream"}).err, HasSubstr("takes and gives no stream"));
  EXPECT_EQ(bench("Echo", {"--rate", "x"}).status, 2);
}

TEST_F(WeftBench, SaysWhyItCannotConnect) {
  const Ended ended = run_weft({"bench", "127.0.0.1:1", "weft.test.notes.Notes/Echo", "--proto",
                                std::string(NOTES_DIR) + "/notes.proto"});
  EXPECT_EQ(ended.status, 64 + 14);
  EXPECT_THAT(ended.err, HasSubstr("connection refused"));
  EXPECT_THAT(ended.out, IsEmpty());
}

TEST_F(WeftBench, SaysWhatItCannotWrite) {
  const Ended ended = bench("Echo", {"-n", "5", "--json", "/no/such/folder/file"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("cannot write '/no/such/folder/file'"));
}

TEST_F(WeftBench, OpensItsFilesBeforeItMakesACall) {
  for (const char* flag : {"--json", "--html"}) {
    // A call of this method never ends.
    const Ended ended = bench("Hang", {flag, "/no/such/folder/file"});
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, HasSubstr(std::string(flag) + ": cannot write '/no/such/folder/file': "
                                                         "No such file or directory"));
    EXPECT_THAT(ended.out, IsEmpty());
  }
}

TEST_F(WeftBench, WritesInPlaceOfWhatAFileHad) {
  const std::string path = ::testing::TempDir() + "weft-bench-twice.json";
  std::ofstream(path) << std::string(100'000, 'x');
  EXPECT_EQ(bench("Echo", {"-n", "5", "--json", path}).status, 0);
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(number(parsed(text), "count"), 5);
}

}  // namespace
}  // namespace weft::test
