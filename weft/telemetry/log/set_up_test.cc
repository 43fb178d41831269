#include "weft/telemetry/log/set_up.h"

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
    for (const char* name : {"WEFT_LOG_FORMAT", "WEFT_LOG_FILE", "OTEL_SERVICE_NAME"}) {
      unsetenv(name);
    }
  }
  std::string content() const {
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

TEST_F(SetUpLog, NamesAFileThatCannotBeOpened) {
  const Status status = set_up_log({.file = "/nonexistent/log"});
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(status.message(),
            "the log file '/nonexistent/log' cannot be opened for appending: No such file or "
            "directory");
}

}  // namespace
}  // namespace weft::telemetry
