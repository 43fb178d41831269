// Texts as machines write them take a short way through the reader, all others a longer one. Both
// read the same.

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "weft/codec/json/json.h"

#include "kinds.pb.h"

namespace weft {
namespace {

using formats::Kinds;

/// The same text with a space in front of each comma and brace that belongs to no string: the short
/// way takes none of its values.
std::string spaced(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) in_string = !in_string;
    if (!in_string && (json[i] == ',' || json[i] == '}')) out += ' ';
    out += json[i];
  }
  return out;
}

/// What is read, or why not.
std::string result_of(std::string_view json) {
  Kinds message;
  const Status status = from_json(json, message);
  // Line and column differ.
  const std::string text(status.message());
  return status.ok() ? message.SerializeAsString() : text.substr(text.find(": "));
}

void expect_same(const std::string& json) {
  EXPECT_EQ(result_of(json), result_of(spaced(json))) << json;
}

TEST(FromJsonPlain, ReadsStringsOfEveryLength) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text(size, 'x');
    Kinds message;
    message.set_string_value(text);
    (*message.mutable_by_string())[text] = 7;
    (*message.mutable_by_int32())[static_cast<std::int32_t>(size)] = text;
    message.set_other_name("behind it");
    const std::string json = *to_json(message);
    Kinds back;
    ASSERT_TRUE(from_json(json, back).ok()) << json;
    EXPECT_EQ(back.string_value(), text);
    EXPECT_EQ(back.by_string().at(text), 7);
    EXPECT_EQ(back.by_int32().at(static_cast<std::int32_t>(size)), text);
    EXPECT_EQ(back.other_name(), "behind it");
    expect_same(json);
  }
}

TEST(FromJsonPlain, LeavesEscapesWhereverTheyStand) {
  for (const std::string_view special : {"\\\\", "\\n", "\\u00e4", "\xc3\xa4", "\x01", "\xff"}) {
    for (std::size_t before = 0; before < 40; ++before) {
      const std::string text = std::string(before, 'x') + std::string(special) + "end";
      expect_same("{\"stringValue\":\"" + text + "\",\"byString\":{\"" + text +
                  "\":1},\"int32Value\":3}");
    }
  }
}

TEST(FromJsonPlain, ReadsAndRefusesNumbersAtTheirLimits) {
  for (const std::string_view name :
       {"int32Value", "int64Value", "uint32Value", "uint64Value", "sint32Value", "sint64Value",
        "fixed32Value", "fixed64Value", "sfixed32Value", "sfixed64Value", "doubleValue",
        "floatValue", "boolValue", "colour"}) {
    for (const std::string_view value : {"0",
                                         "-0",
                                         "7",
                                         "-1",
                                         "01",
                                         "-",
                                         "1.0",
                                         "1e3",
                                         "1.5",
                                         ".5",
                                         "2147483647",
                                         "2147483648",
                                         "-2147483648",
                                         "-2147483649",
                                         "4294967295",
                                         "4294967296",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "-9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "123456789012345678",
                                         "1234567890123456789",
                                         "\"12\"",
                                         "\"12",
                                         "\"-3\"",
                                         "\"\"",
                                         "true",
                                         "false",
                                         "truex",
                                         "nul",
                                         "null",
                                         "\"GREEN\"",
                                         "\"NONE\"",
                                         "\"NaN\"",
                                         "3.4028236e38",
                                         "1e400",
                                         "{}",
                                         "[]"}) {
      expect_same("{\"" + std::string(name) + "\":" + std::string(value) +
                  ",\"stringValue\":\"what is behind\"}");
    }
  }
}

TEST(FromJsonPlain, SeesWhatIsGivenTwice) {
  for (const std::string_view json :
       {R"({"int32Value":1,"int32Value":2})", R"({"int32Value":1,"int32_value":2})",
        R"({"number":1,"text":"a"})", R"({"number":null,"text":"a"})",
        R"({"number":null,"number":1})", R"({"text":"a","message":{}})",
        R"({"stringValue":"a","int32Value":1,"stringValue":"b"})"}) {
    expect_same(std::string(json));
  }
}

TEST(FromJsonPlain, RefusesWhatIsNoJson) {
  for (const std::string_view json :
       {R"({"int32Value":1,})", R"({"int32Value":1,,"stringValue":""})", R"({"int32Value"1})",
        R"({"int32Value":1)", R"({"int32Value":1]})", R"({"int32Value" :1})",
        R"({"byInt32":{1:"a"}})", R"({"byInt32":{"1":"a",}})", R"({"byInt32":{"01":"a"}})",
        R"({"byBool":{"true":"a","x":"b"}})", R"({"byString":{"a":null}})",
        R"({"byString":{"a":1,"a":2}})", R"({"bySint32":{"-3":"GREEN","4":"NONE"}})"}) {
    expect_same(std::string(json));
  }
}

TEST(FromJsonPlain, ReadsFieldsInAnyOrder) {
  expect_same(R"({"stringValue":"a","int32Value":1,"doubleValue":2.5,"optionalNumber":9})");
  expect_same(R"({"child":{"stringValue":"a","child":{"boolValue":true}},"int32Value":1})");
}

}  // namespace
}  // namespace weft
