#include "weft/base/log/component.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log/tap.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

LogComponent shop("test.shop");
LogComponent orders("test.shop.orders");
LogComponent shopping("test.shopping");

class LogComponentTest : public ::testing::Test {
 protected:
  LogComponentTest() {
    set_log_level(LogLevel::Info);
    set_log_sink([this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogComponentTest() override {
    for (const char* const name : {"test", "test.shop", "test.shop.orders"}) {
      EXPECT_EQ(set_log_level(name, std::nullopt), ok_status());
    }
    set_log_sink({});
    set_log_level(LogLevel::Info);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogComponentTest, HasTheProgramsLevelAtFirst) {
  EXPECT_EQ(orders.least(), LogLevel::Info);
  set_log_level(LogLevel::Error);
  EXPECT_FALSE(orders.enabled(LogLevel::Warn));
  EXPECT_TRUE(orders.enabled(LogLevel::Error));
}

TEST_F(LogComponentTest, TakesTheLevelOfTheNearestName) {
  EXPECT_EQ(set_log_level("test.shop", LogLevel::Debug), ok_status());
  EXPECT_EQ(orders.least(), LogLevel::Debug);
  EXPECT_EQ(set_log_level("test", LogLevel::Off), ok_status());
  EXPECT_EQ(orders.least(), LogLevel::Debug);
  EXPECT_EQ(shopping.least(), LogLevel::Off);
  EXPECT_FALSE(shopping.enabled(LogLevel::Off));
  EXPECT_EQ(set_log_level("test.shop.orders", LogLevel::Error), ok_status());
  EXPECT_EQ(orders.least(), LogLevel::Error);
  EXPECT_EQ(shop.least(), LogLevel::Debug);
}

TEST_F(LogComponentTest, FollowsTheProgramAgainWithoutALevel) {
  EXPECT_EQ(set_log_level("test", LogLevel::Trace), ok_status());
  EXPECT_EQ(set_log_level("test", std::nullopt), ok_status());
  EXPECT_EQ(orders.least(), LogLevel::Info);
}

TEST_F(LogComponentTest, WritesLinesBelowTheProgramsLevel) {
  log(orders, LogLevel::Debug, "hidden");
  EXPECT_EQ(set_log_level("test.shop", LogLevel::Debug), ok_status());
  log(orders, LogLevel::Debug, "taken", {{"items", 2}});
  log(LogLevel::Debug, "hidden too");
  EXPECT_THAT(lines_, ElementsAre("taken items=2"));
}

TEST_F(LogComponentTest, RecordsHaveItsName) {
  class Names final : public LogTap {
   public:
    void take(const LogRecord& record) noexcept override { seen.emplace_back(record.component); }
    std::vector<std::string> seen;
  } names;
  set_log_tap(&names);
  log(orders, LogLevel::Warn, "low");
  log(LogLevel::Warn, "plain");
  set_log_tap(nullptr);
  EXPECT_THAT(names.seen, ElementsAre("test.shop.orders", ""));
}

TEST_F(LogComponentTest, RefusesWhatIsNoName) {
  for (const std::string name : {"", "a b", "a=b", "a\n"}) {
    EXPECT_EQ(set_log_level(name, LogLevel::Info).code(), StatusCode::InvalidArgument) << name;
  }
  const Status status = set_log_level(std::string(65, 'x'), LogLevel::Info);
  EXPECT_THAT(std::string(status.message()), HasSubstr("64 bytes"));
}

TEST_F(LogComponentTest, NamesWithALevelAreBounded) {
  Status status;
  std::size_t given = 0;
  const auto name = [](std::size_t i) { return "test.many." + std::to_string(i); };
  while (status.ok() && given <= kMostLogLevels) {
    status = set_log_level(name(given++), LogLevel::Warn);
  }
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  for (std::size_t i = 0; i < given; ++i) {
    EXPECT_EQ(set_log_level(name(i), std::nullopt), ok_status());
  }
}

TEST_F(LogComponentTest, AreListedByName) {
  EXPECT_EQ(set_log_level("test.shop", LogLevel::Warn), ok_status());
  std::vector<std::string> seen;
  for (const LogComponentLevel& one : log_component_levels()) {
    if (one.name.starts_with("test.shop") && one.is_own) seen.push_back(one.name + " own");
    if (one.name.starts_with("test.shop") && !one.is_own) seen.push_back(one.name);
  }
  EXPECT_THAT(seen, ElementsAre("test.shop own", "test.shop.orders", "test.shopping"));
}

using LogComponentDeathTest = LogComponentTest;

// The child is a process of its own, whose components read its environment.
TEST_F(LogComponentDeathTest, TakesItsLevelFromTheEnvironment) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ASSERT_EQ(setenv("WEFT_LOG", "warn, test.shop=debug,test.shop.orders=loud", 1), 0);
  const auto report = [] {
    std::fprintf(stderr, "orders %s\n", std::string(name_of(orders.least())).c_str());
    std::exit(0);
  };
  EXPECT_EXIT(report(), ::testing::ExitedWithCode(0), "orders debug");
  unsetenv("WEFT_LOG");
}

}  // namespace
}  // namespace weft
