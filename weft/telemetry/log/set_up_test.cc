#include "weft/telemetry/log/set_up.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "weft/base/log/record.h"

namespace weft::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class SetUpLog : public ::testing::Test {
 protected:
  SetUpLog() : path_(::testing::TempDir() + "weft_json_log_" + std::to_string(getpid())) {
    std::remove(path_.c_str());
    forget_environment();
  }
  ~SetUpLog() override {
    forget_environment();
    set_log_format(nullptr);
    set_log_sink({});
    std::remove(path_.c_str());
  }
  static void forget_environment() {
    for (const char* name : {"WEFT_LOG_FORMAT", "WEFT_LOG_FILE", "WEFT_LOG_FILE_BYTES",
                             "WEFT_LOG_OLD_FILES", "OTEL_SERVICE_NAME"}) {
      unsetenv(name);
    }
  }
  std::string content() const {
    bool is_written = false;
    for (int second = 0; second < 30 && !is_written; ++second) is_written = flush_log();
    EXPECT_TRUE(is_written);
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  const std::string path_;
};

TEST_F(SetUpLog, WritesLinesOfJsonToAFile) {
  ASSERT_TRUE(set_up_log({.file = path_, .service = "greeter"}).ok());
  log(LogLevel::Info, "a\nb");
  log(LogLevel::Warn, "c", {{"n", 1}});
  EXPECT_THAT(content(), MatchesRegex("\\{\"timestamp\":[^\n]*\"body\":\"a.u000ab\"[^\n]*\n"
                                      "\\{\"timestamp\":[^\n]*\"n\":1[^\n]*\"greeter\"[^\n]*\n"));
}

TEST_F(SetUpLog, HearsTheEnvironmentLast) {
  setenv("WEFT_LOG_FORMAT", "ecs", 1);
  setenv("WEFT_LOG_FILE", path_.c_str(), 1);
  setenv("OTEL_SERVICE_NAME", "named", 1);
  ASSERT_TRUE(set_up_log({.file = "/nonexistent/log", .service = "greeter"}).ok());
  log(LogLevel::Info, "x");
  EXPECT_THAT(content(), HasSubstr("\"ecs.version\":\"1.6.0\",\"service.name\":\"named\"}\n"));
}

TEST_F(SetUpLog, GoesBackToText) {
  ASSERT_TRUE(set_up_log({.file = path_}).ok());
  setenv("WEFT_LOG_FORMAT", "text", 1);
  ASSERT_TRUE(set_up_log({.file = path_}).ok());
  log(LogLevel::Info, "x");
  EXPECT_THAT(content(), MatchesRegex("[^{\n]* info [^\n]* x\n"));
}

TEST_F(SetUpLog, RefusesAFormThatItDoesNotKnow) {
  setenv("WEFT_LOG_FORMAT", "xml", 1);
  const Status status = set_up_log();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(), "WEFT_LOG_FORMAT is 'xml', which is none of text, json, ecs");
}

TEST_F(SetUpLog, RenamesAFileAsTheEnvironmentSays) {
  setenv("WEFT_LOG_FILE_BYTES", "1", 1);
  setenv("WEFT_LOG_OLD_FILES", "1", 1);
  ASSERT_TRUE(set_up_log({.file = path_}).ok());
  log(LogLevel::Info, "first");
  log(LogLevel::Info, "second");
  EXPECT_THAT(content(), HasSubstr("second"));
  std::ostringstream old;
  old << std::ifstream(path_ + ".1").rdbuf();
  std::remove((path_ + ".1").c_str());
  EXPECT_THAT(old.str(), HasSubstr("first"));
}

TEST_F(SetUpLog, RefusesNumbersThatAreNone) {
  setenv("WEFT_LOG_FILE_BYTES", "1M", 1);
  EXPECT_EQ(set_up_log({.file = path_}).message(),
            "WEFT_LOG_FILE_BYTES is '1M', which is no number that it may be");
  forget_environment();
  EXPECT_EQ(set_up_log({.file = path_, .old_files = -1}).message(),
            "the number of old log files is -1; it may be 0 to 1000");
}

TEST_F(SetUpLog, OpensTheFileAgainAtTheSignal) {
  // A device is not looked at before each line: only the signal tells.
  ASSERT_EQ(::symlink("/dev/null", path_.c_str()), 0);
  ASSERT_TRUE(set_up_log({.file = path_, .reopen_signal = SIGUSR2}).ok());
  std::remove(path_.c_str());
  log(LogLevel::Info, "before");
  EXPECT_EQ(content(), "");
  ASSERT_EQ(raise(SIGUSR2), 0);
  log(LogLevel::Info, "after");
  EXPECT_THAT(content(), HasSubstr("after"));
  EXPECT_THAT(content(), ::testing::Not(HasSubstr("before")));
  EXPECT_EQ(set_up_log({.file = path_, .reopen_signal = SIGKILL}).message(),
            "reopen_signal is 9, which no program can handle");
  signal(SIGUSR2, SIG_DFL);
}

TEST_F(SetUpLog, NamesAFileThatCannotBeOpened) {
  const Status status = set_up_log({.file = "/nonexistent/log"});
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(status.message(),
            "the log file '/nonexistent/log' cannot be opened for appending: No such file or "
            "directory");
}

}  // namespace
}  // namespace weft::telemetry
