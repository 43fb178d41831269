#include "tools/weft/json/json_splitter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

struct Outcome {
  std::vector<std::string> values;
  std::string error;
};

/// Feeds `text` in pieces of `piece` bytes.
Outcome split(std::string_view text, std::size_t piece) {
  JsonSplitter splitter;
  Outcome outcome;
  Status status;
  JsonText value;
  for (std::size_t at = 0; at < text.size() && status.ok(); at += piece) {
    status = splitter.push(text.substr(at, piece));
    while (splitter.pop(value)) outcome.values.push_back(value.text);
  }
  if (status.ok()) status = splitter.finish();
  while (splitter.pop(value)) outcome.values.push_back(value.text);
  outcome.error = status.message();
  return outcome;
}

std::vector<std::string> values(std::string_view text) {
  const Outcome whole = split(text, text.size() + 1);
  EXPECT_EQ(whole.error, "") << text;
  for (const std::size_t piece : {1, 2, 3, 7}) {
    EXPECT_EQ(split(text, piece).values, whole.values) << text << " in pieces of " << piece;
  }
  return whole.values;
}

std::string first_line_of_error(std::string_view text) {
  const std::string error = split(text, text.size() + 1).error;
  return error.substr(0, error.find('\n'));
}

using Values = std::vector<std::string>;

TEST(JsonSplitter, CutsJsonLines) {
  EXPECT_EQ(values("{\"a\":1}\n{\"b\":[2]}\n"), (Values{"{\"a\":1}", "{\"b\":[2]}"}));
}

TEST(JsonSplitter, TakesValuesWithNothingBetweenThem) {
  EXPECT_EQ(values("{}{}[]\"x\"\"y\"1 2 true"),
            (Values{"{}", "{}", "[]", "\"x\"", "\"y\"", "1", "2", "true"}));
}

TEST(JsonSplitter, TakesValuesOverSeveralLines) {
  EXPECT_EQ(values("{\n  \"a\": [1,\n 2]\n}\n"), (Values{"{\n  \"a\": [1,\n 2]\n}"}));
}

TEST(JsonSplitter, IsNotMisledByBracketsAndQuotesInStrings) {
  EXPECT_EQ(values(R"({"a":"}{\"]\\"}{"b":"\u0041"})"),
            (Values{R"({"a":"}{\"]\\"})", R"({"b":"\u0041"})"}));
}

TEST(JsonSplitter, HasNoValuesInNothing) {
  EXPECT_EQ(values(""), Values{});
  EXPECT_EQ(values(" \n\t "), Values{});
}

TEST(JsonSplitter, GivesOutAValueAsSoonAsItIsComplete) {
  JsonSplitter splitter;
  JsonText value;
  ASSERT_TRUE(splitter.push("{\"a\":1}").ok());
  EXPECT_TRUE(splitter.pop(value));
  ASSERT_TRUE(splitter.push("\n{\"b\"").ok());
  EXPECT_FALSE(splitter.pop(value));
  ASSERT_TRUE(splitter.push(":2}").ok());
  EXPECT_TRUE(splitter.pop(value));
  EXPECT_EQ(value.position.line, 2u);
  EXPECT_EQ(value.position.column, 1u);
}

TEST(JsonSplitter, AcceptsEveryFormOfNumberAndNoOther) {
  for (const char* good : {"0", "-0", "12", "1.5", "-1e9", "1E+2", "0.1e-3"}) {
    EXPECT_EQ(values(good), Values{good});
  }
  for (const char* bad : {"01", "1.", ".5", "-", "1e", "+1", "1.2.3", "0x1", "nan", "True"}) {
    EXPECT_NE(split(bad, 100).error, "") << bad;
  }
}

TEST(JsonSplitter, SaysWhatItExpectedAndWhere) {
  EXPECT_EQ(first_line_of_error("{\"a\" 5}"),
            "line 1, column 6: expected ':' after the name of a field, found '5'");
  EXPECT_EQ(first_line_of_error("{\"a\":1,}"),
            "line 1, column 8: expected the name of a field in double quotes, found '}'");
  EXPECT_EQ(first_line_of_error("{\"a\":1\n \"b\":2}"),
            "line 2, column 2: expected ',' or '}', found '\"'");
  EXPECT_EQ(first_line_of_error("[1 2]"), "line 1, column 4: expected ',' or ']', found '2'");
  EXPECT_EQ(first_line_of_error("{a:1}"),
            "line 1, column 2: expected the name of a field in double quotes, found 'a'");
  EXPECT_EQ(first_line_of_error("{\"a\":nul}"),
            "line 1, column 9: expected a value before here, not 'nul', found '}'");
}

TEST(JsonSplitter, NamesAnUnfinishedValue) {
  EXPECT_EQ(first_line_of_error("{\"a\":1"),
            "line 1, column 7: expected more of an object, found the end");
  EXPECT_EQ(first_line_of_error("[\"a"),
            "line 1, column 4: expected the end of a string, found the end");
}

TEST(JsonSplitter, ShowsTheLineWithAMarkUnderThePlace) {
  EXPECT_EQ(split("{\"é\": ?}\n{}", 100).error,
            "line 1, column 7: expected a value, found '?'\n"
            "  {\"é\": ?}\n"
            "        ^");
}

TEST(JsonSplitter, GivesOutWhatWasCompleteBeforeAMistake) {
  const Outcome outcome = split("{\"a\":1}\n{\"b\":2}\n{oops}", 100);
  EXPECT_EQ(outcome.values, (Values{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_TRUE(outcome.error.starts_with("line 3, column 2:"));
}

TEST(JsonSplitter, RefusesControlCharactersInStrings) {
  EXPECT_NE(split("\"a\nb\"", 100).error, "");
  EXPECT_NE(split(std::string_view("\"\x01\"", 3), 100).error, "");
}

TEST(JsonSplitter, SkipsAByteOrderMarkInFrontOfAll) {
  EXPECT_EQ(values("\xef\xbb\xbf{\"a\":1} 2"), (Values{"{\"a\":1}", "2"}));
  EXPECT_EQ(values("\xef\xbb\xbf"), Values{});
  EXPECT_EQ(first_line_of_error("\xef\xbb\xbf?"), "line 1, column 1: expected a value, found '?'");
  EXPECT_EQ(first_line_of_error("\xef\xbb{}"),
            "line 1, column 1: expected JSON in UTF-8, found a part of a byte order mark");
  EXPECT_EQ(first_line_of_error("\xef"), "line 1, column 1: expected JSON in UTF-8, found the end");
  EXPECT_NE(split("{}\xef\xbb\xbf", 100).error, "");
}

TEST(JsonSplitter, NamesUtf16) {
  EXPECT_EQ(first_line_of_error(std::string_view("\xff\xfe{\0}\0", 6)),
            "line 1, column 1: expected JSON in UTF-8, found a byte order mark of UTF-16");
}

TEST(JsonSplitter, LimitsNesting) {
  EXPECT_EQ(values(std::string(100, '[') + std::string(100, ']')).size(), 1u);
  EXPECT_NE(split(std::string(101, '['), 1000).error, "");
}

}  // namespace
}  // namespace weft::cli
