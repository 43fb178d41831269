#include <fstream>
#include <mutex>
#include <string>

#include <gmock/gmock.h>

#include "weft/base/log.h"
#include "weft/middleware/access_log.h"

#include "tests/command/notes_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class WeftList : public NotesServerTest {};
class WeftDescribe : public NotesServerTest {};

/// A server that writes its access log into the test.
class LoggingServer : public ::testing::Test {
 protected:
  LoggingServer() : server_({.listen = "127.0.0.1:0"}) {
    set_log_sink([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.append(line).append("\n");
    });
    server_.use(access_log());
    server_.add<Notes>();
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  ~LoggingServer() override {
    server_.stop();
    set_log_sink({});
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  Server server_;

 private:
  std::mutex mutex_;
  std::string lines_;
};

TEST_F(LoggingServer, SeesReflectionEndWell) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"list", address()},
        {"describe", address(), "weft.test.notes.Note"},
        {"call", address(), "weft.test.notes.Notes/Echo", "{}"},
        {"doctor", address()}}) {
    EXPECT_EQ(run_weft(arguments).status, 0);
  }
  EXPECT_THAT(lines(), HasSubstr("ServerReflectionInfo side=server"));
  EXPECT_THAT(lines(), Not(HasSubstr("CANCELLED")));
}

TEST_F(WeftList, NamesTheServices) {
  const Ended ended = weft("list", {});
  EXPECT_EQ(ended.out,
            "grpc.health.v1.Health\n"
            "grpc.reflection.v1.ServerReflection\n"
            "grpc.reflection.v1alpha.ServerReflection\n"
            "weft.test.notes.Notes\n");
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(WeftList, NamesTheMethodsOfAServiceAsTheyAreCalled) {
  const Ended ended = weft("list", {"weft.test.notes.Notes"});
  EXPECT_EQ(ended.out,
            "weft.test.notes.Notes/Chat\nweft.test.notes.Notes/Collect\n"
            "weft.test.notes.Notes/Echo\nweft.test.notes.Notes/Fail\n"
            "weft.test.notes.Notes/Hang\nweft.test.notes.Notes/Repeat\n");
}

TEST_F(WeftList, ReadsProtoFilesWithoutAServer) {
  EXPECT_EQ(run_weft({"list", "--proto", NOTES_DIR "/notes.proto"}).out, "weft.test.notes.Notes\n");
  const Ended both = weft("list", {"x", "--proto", NOTES_DIR "/notes.proto"});
  EXPECT_EQ(both.status, 2);
  EXPECT_THAT(both.err, HasSubstr("leave ADDRESS"));
}

TEST_F(WeftList, SuggestsAService) {
  const Ended ended = weft("list", {"weft.test.notes.Note"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("weft.test.notes.Note"));
}

TEST_F(WeftDescribe, PrintsAServiceAsProtoText) {
  const Ended ended = weft("describe", {"weft.test.notes.Notes"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("// weft.test.notes.Notes in notes.proto\n"),
                               HasSubstr("service Notes {\n"),
                               HasSubstr("  rpc Chat(stream Note) returns (stream Note);\n")));
}

TEST_F(WeftDescribe, PrintsAMethodWithItsTypes) {
  const Ended ended = weft("describe", {"weft.test.notes.Notes/Collect"});
  EXPECT_THAT(ended.out, AllOf(HasSubstr("rpc Collect(stream Note) returns (Summary);"),
                               HasSubstr("message Note {"), HasSubstr("message Summary {"),
                               HasSubstr("google.protobuf.Timestamp at = 4;")));
}

TEST_F(WeftDescribe, PrintsMessagesAndEnums) {
  EXPECT_THAT(weft("describe", {"weft.test.notes.Summary"}).out,
              HasSubstr("message Summary {\n  int64 count = 1;\n  string text = 2;\n}\n"));
  EXPECT_THAT(weft("describe", {"weft.test.notes.Note.Kind"}).out, HasSubstr("LOUD = 1;"));
}

TEST_F(WeftDescribe, PrintsEverythingWithoutASymbol) {
  const Ended ended = weft("describe", {});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("service Notes {"), HasSubstr("service Health {"),
                               HasSubstr("service ServerReflection {")));
}

TEST_F(WeftDescribe, PrintsAFileThatCanBeUsedAsOne) {
  const Ended ended = weft("describe", {"notes.proto"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const std::string path = ::testing::TempDir() + "weft-described.proto";
  std::ofstream(path) << ended.out;
  const Ended echoed =
      call("Echo", {R"({"at":"2024-01-02T03:04:05Z","raw":"AQID"})", "--proto", path});
  EXPECT_EQ(echoed.out, "{\"at\":\"2024-01-02T03:04:05Z\",\"raw\":\"AQID\"}\n") << echoed.err;
}

TEST_F(WeftDescribe, ShowsTheCommentsOfAProtoFile) {
  const Ended ended =
      run_weft({"describe", "--proto", NOTES_DIR "/notes.proto", "weft.test.notes.Note"});
  EXPECT_THAT(ended.out, AllOf(HasSubstr("// A few words.\nmessage Note {"),
                               HasSubstr("  // How often Repeat() sends it.\n")));
}

TEST_F(WeftDescribe, SuggestsWhatIsNear) {
  const Ended ended = weft("describe", {"weft.test.notes.Nots"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("'weft.test.notes.Notes'"));
  const Ended type = weft("describe", {"weft.test.notes.Summry"});
  EXPECT_THAT(type.err, HasSubstr("did you mean 'weft.test.notes.Summary'?"));
}

}  // namespace
}  // namespace weft::test
