#include "tools/weft/json/json_print.h"

#include <gtest/gtest.h>

namespace weft::cli {
namespace {

std::string pretty(std::string_view json) {
  return print_json(json, JsonLayout::Pretty, Style::plain());
}

TEST(JsonPrint, PutsAFieldOnALine) {
  EXPECT_EQ(
      pretty(R"({"a":1,"b":{"c":"x"},"d":[1,2]})"),
      "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": \"x\"\n  },\n  \"d\": [\n    1,\n    2\n  ]\n}");
}

TEST(JsonPrint, KeepsEmptyObjectsAndArraysTogether) {
  EXPECT_EQ(pretty(R"({"a":{},"b":[]})"), "{\n  \"a\": {},\n  \"b\": []\n}");
  EXPECT_EQ(pretty("{}"), "{}");
}

TEST(JsonPrint, LeavesCompactJsonAsItIs) {
  const std::string json = R"({"a":"{,:\"}","b":[1,true,null]})";
  EXPECT_EQ(print_json(json, JsonLayout::Compact, Style::plain()), json);
}

TEST(JsonPrint, IsNotMisledByMarksInStrings) {
  EXPECT_EQ(pretty(R"({"a":"{\",:}"})"), "{\n  \"a\": \"{\\\",:}\"\n}");
}

TEST(JsonPrint, PaintsNamesAndValuesWhereThereAreColours) {
  EXPECT_EQ(print_json(R"({"a":"x"})", JsonLayout::Compact, Style::coloured()),
            "{\033[34m\"a\"\033[0m:\033[32m\"x\"\033[0m}");
}

}  // namespace
}  // namespace weft::cli
