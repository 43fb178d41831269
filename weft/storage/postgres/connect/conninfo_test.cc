#include "weft/storage/postgres/connect/internal/conninfo.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::postgres {
namespace {

Result<Conninfo> parse(const std::string& text) {
  return Conninfo::parse(text, std::chrono::milliseconds(1500));
}

std::vector<std::string> names_of(const Conninfo& info) {
  std::vector<std::string> names;
  for (const Server& server : info.servers) names.push_back(server.name());
  return names;
}

std::string parameter(const Conninfo& info, const std::string& name) {
  for (const auto& [key, value] : info.parameters) {
    if (key == name) return value;
  }
  return "none";
}

TEST(Conninfo, ReadsTheServersOfAUrl) {
  const auto info = parse("postgresql://me:secret@db1,db2:6000/accounts");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(names_of(*info), (std::vector<std::string>{"db1:5432", "db2:6000"}));
  EXPECT_TRUE(info->servers[0].is_name());
  EXPECT_EQ(parameter(*info, "dbname"), "accounts");
  EXPECT_EQ(info->session_attributes, std::vector<std::string>{"any"});
}

TEST(Conninfo, OnePortIsThatOfAllServers) {
  const auto info = parse("host=a,/run/pg port=6000 hostaddr=10.0.0.1,");
  EXPECT_EQ(info.status().code(), StatusCode::InvalidArgument)
      << "an address for each, as libpq has it";
  const auto right = parse("host=a,/run/pg port=6000");
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(names_of(*right), (std::vector<std::string>{"a:6000", "/run/pg:6000"}));
  EXPECT_FALSE(right->servers[1].is_name());
}

TEST(Conninfo, APreferenceIsTwoRounds) {
  const auto info = parse("host=a target_session_attrs=prefer-standby");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->session_attributes, (std::vector<std::string>{"standby", "any"}));
}

TEST(Conninfo, KeepsTheProgramsOptionsBehindItsOwn) {
  const auto info = parse("host=a options='-c search_path=x'");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(parameter(*info, "options").ends_with(" -c search_path=x"));
  EXPECT_TRUE(parameter(*info, "options").starts_with("-c TimeZone=UTC"));
}

TEST(Conninfo, TheTextsLimitOfIdleTransactionsGoesBeforeThePrograms) {
  const auto info = parse("host=a options='-c idle_in_transaction_session_timeout=7'");
  ASSERT_TRUE(info.ok()) << info.status();
  const std::string options = parameter(*info, "options");
  EXPECT_LT(options.find("idle_in_transaction_session_timeout=1500"),
            options.find("idle_in_transaction_session_timeout=7"));
}

TEST(Conninfo, ErrorsHaveNoneOfTheText) {
  for (const char* text : {"host=a secret", "secret", "postgresql://me:secret@[", "secret=1",
                           "host=a,secret hostaddr=1.1.1.1,2.2.2.2,3.3.3.3"}) {
    const auto info = parse(text);
    EXPECT_EQ(info.status().code(), StatusCode::InvalidArgument) << text;
    EXPECT_EQ(info.status().message().find("secret"), std::string_view::npos) << info.status();
  }
}

}  // namespace
}  // namespace weft::postgres
