#include "weft/base/log.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/internal/log_file.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// Puts the log back as it was, whatever a test did to it.
class Log : public ::testing::Test {
 protected:
  void SetUp() override { set_log_level(LogLevel::Info); }
  void TearDown() override {
    set_log_sink({});
    set_log_level(LogLevel::Info);
  }
  void collect() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      lines_.emplace_back(level, std::string(line));
    });
  }
  static std::string content_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::string scratch_path(const char* name) {
    std::string path = ::testing::TempDir() + "weft_log_" + std::to_string(getpid()) + name;
    std::remove(path.c_str());
    return path;
  }
  std::vector<std::pair<LogLevel, std::string>> lines_;
};

TEST_F(Log, PassesLinesAtOrAboveItsLevelToTheSink) {
  collect();
  set_log_level(LogLevel::Warn);
  EXPECT_FALSE(log_enabled(LogLevel::Info));
  EXPECT_TRUE(log_enabled(LogLevel::Error));
  log(LogLevel::Info, "quiet");
  log(LogLevel::Warn, "loud");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0], std::make_pair(LogLevel::Warn, std::string("loud")));
}

TEST_F(Log, WritesNothingWhenItIsOff) {
  collect();
  set_log_level(LogLevel::Off);
  log(LogLevel::Error, "x");
  set_log_level(LogLevel::Trace);
  log(LogLevel::Off, "off is not a level of a line");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(Log, KeepsAMessageOnOneLineWithoutControlBytes) {
  collect();
  log(LogLevel::Info, std::string_view("a\nb\033[31m\0c\td", 12));
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].second, "a\\nb\\x1b[31m\\x00c\\td");
}

TEST_F(Log, CountsALineWhoseSinkThrows) {
  set_log_sink([](LogLevel, std::string_view) { throw std::runtime_error("no"); });
  const std::uint64_t before = log_lines_lost();
  log(LogLevel::Info, "x");
  EXPECT_EQ(log_lines_lost(), before + 1);
}

TEST_F(Log, CountsALineThatASinkLogsItself) {
  set_log_sink([](LogLevel, std::string_view) { log(LogLevel::Info, "again"); });
  const std::uint64_t before = log_lines_lost();
  log(LogLevel::Info, "x");
  EXPECT_EQ(log_lines_lost(), before + 1);
}

TEST_F(Log, AppendsLinesToAFile) {
  const std::string path = scratch_path("append");
  ASSERT_TRUE(set_log_file(path));
  log(LogLevel::Info, "first");
  ASSERT_TRUE(set_log_file(path));
  log(LogLevel::Error, "second");
  set_log_sink({});
  EXPECT_THAT(content_of(path), MatchesRegex("[0-9-]+T[0-9:.]+Z info \\[[0-9]+\\] first\n"
                                             "[0-9-]+T[0-9:.]+Z error \\[[0-9]+\\] second\n"));
  std::remove(path.c_str());
}

TEST_F(Log, StaysWhereItWasWhenAFileCannotBeOpened) {
  collect();
  EXPECT_FALSE(set_log_file("/nonexistent/weft.log"));
  log(LogLevel::Info, "still here");
  EXPECT_EQ(lines_.size(), 1U);
}

TEST_F(Log, CountsLinesThatAFullDiskDoesNotTake) {
  ASSERT_TRUE(set_log_file("/dev/full"));
  const std::uint64_t before = log_lines_lost();
  log(LogLevel::Error, "one");
  log(LogLevel::Error, "two");
  EXPECT_EQ(log_lines_lost(), before + 2);
}

TEST_F(Log, DoesNotWaitForANamedPipeThatNobodyReads) {
  const std::string path = scratch_path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(set_log_file(path));
  std::remove(path.c_str());
}

TEST_F(Log, DropsLinesWhileAPipeIsFull) {
  const std::string path = scratch_path("full_fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(set_log_file(path));
  const std::uint64_t before = log_lines_lost();
  const std::string line(1000, 'x');
  for (int i = 0; i < 1000; ++i) log(LogLevel::Info, line);
  EXPECT_GT(log_lines_lost(), before);
  std::vector<char> buffer(1 << 20);
  EXPECT_GT(read(reader, buffer.data(), buffer.size()), 0);
  const std::uint64_t lost = log_lines_lost();
  log(LogLevel::Info, "after");
  EXPECT_EQ(log_lines_lost(), lost);
  close(reader);
  std::remove(path.c_str());
}

TEST_F(Log, SurvivesAPipeWhoseReaderIsGone) {
  const std::string path = scratch_path("broken_fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(set_log_file(path));
  close(reader);
  const std::uint64_t before = log_lines_lost();
  log(LogLevel::Info, "x");
  log(LogLevel::Info, "y");
  EXPECT_EQ(log_lines_lost(), before + 2);
  std::remove(path.c_str());
}

TEST_F(Log, TakesLinesFromSeveralThreads) {
  collect();
  const auto write = [] {
    for (int i = 0; i < 200; ++i) log(LogLevel::Info, "line");
  };
  std::thread other(write);
  write();
  other.join();
  EXPECT_EQ(lines_.size(), 400U);
}

TEST_F(Log, WritesNoColourToAPipe) {
  set_log_sink({});
  ::testing::internal::CaptureStderr();
  // The kind of the descriptor is looked at when the sink is set.
  set_log_sink({});
  log(LogLevel::Warn, "plain");
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("warn"));
  EXPECT_THAT(text, HasSubstr("plain\n"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
}

/// The near end of a pseudo-terminal as its file name, and the far end to read from.
class PseudoTerminal {
 public:
  PseudoTerminal() : far_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (far_ >= 0 && grantpt(far_) == 0 && unlockpt(far_) == 0) name_ = ptsname(far_);
  }
  ~PseudoTerminal() { close(far_); }
  const std::string& name() const { return name_; }
  std::string read_some() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = read(far_, buffer.data(), buffer.size());
    return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  int far_;
  std::string name_;
};

TEST_F(Log, ColoursTheLevelOnATerminal) {
  PseudoTerminal terminal;
  if (terminal.name().empty()) GTEST_SKIP() << "no pseudo-terminals here";
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') GTEST_SKIP() << "NO_COLOR is set";
  ASSERT_TRUE(set_log_file(terminal.name()));
  log(LogLevel::Error, "red");
  EXPECT_THAT(terminal.read_some(), HasSubstr("\033[31merror\033[0m"));
}

using LogDeathTest = Log;

// The level is read from the environment once, so each case needs a process of its own.
void report_level(const char* value) {
  setenv("WEFT_LOG", value, 1);
  set_log_level(static_cast<LogLevel>(0xff));
  const bool debug = log_enabled(LogLevel::Debug);
  const bool error = log_enabled(LogLevel::Error);
  std::fprintf(stderr, "debug %d error %d\n", debug, error);
  std::exit(0);
}

TEST_F(LogDeathTest, TakesItsLevelFromTheEnvironment) {
  EXPECT_EXIT(report_level("debug"), ::testing::ExitedWithCode(0), "debug 1 error 1");
  EXPECT_EXIT(report_level("off"), ::testing::ExitedWithCode(0), "debug 0 error 0");
}

TEST_F(LogDeathTest, LeavesComponentsOfTheEnvironmentToThem) {
  EXPECT_EXIT(report_level("net=trace, debug,shop=off"), ::testing::ExitedWithCode(0),
              "^debug 1 error 1");
  EXPECT_EXIT(report_level("net=trace"), ::testing::ExitedWithCode(0), "^debug 0 error 1");
  EXPECT_EXIT(report_level("net=trace,loud"), ::testing::ExitedWithCode(0), "WEFT_LOG is 'net=");
}

TEST_F(LogDeathTest, SaysWhenTheEnvironmentNamesNoLevel) {
  EXPECT_EXIT(report_level("verbose"), ::testing::ExitedWithCode(0),
              "WEFT_LOG is 'verbose', which is none of.*");
}

}  // namespace
}  // namespace weft
