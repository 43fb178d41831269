#include "weft/base/text/printable.h"

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft {
namespace {

struct Class {
  const char* name;
  std::vector<std::pair<char32_t, char32_t>> ranges;
};

// Written down from Unicode 16.0 (extracted/DerivedGeneralCategory.txt; the standard's section 23.7
// for noncharacters; DerivedCoreProperties.txt, Default_Ignorable_Code_Point, for those that are
// reserved), class by class and apart from the table of the code.
// NOLINTNEXTLINE(cert-err58-cpp)
const std::vector<Class> kClasses = {
    {"Cc", {{0x0, 0x1f}, {0x7f, 0x9f}}},
    {"Cf", {{0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},
            {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x180e, 0x180e},
            {0x200b, 0x200f},   {0x202a, 0x202e},   {0x2060, 0x2064},   {0x2066, 0x206f},
            {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
            {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
            {0xe0020, 0xe007f}}},
    {"Zl", {{0x2028, 0x2028}}},
    {"Zp", {{0x2029, 0x2029}}},
    {"noncharacters",
     {{0xfdd0, 0xfdef},
      {0xfffe, 0xffff},
      {0x1fffe, 0x1ffff},
      {0x2fffe, 0x2ffff},
      {0x3fffe, 0x3ffff},
      {0x4fffe, 0x4ffff},
      {0x5fffe, 0x5ffff},
      {0x6fffe, 0x6ffff},
      {0x7fffe, 0x7ffff},
      {0x8fffe, 0x8ffff},
      {0x9fffe, 0x9ffff},
      {0xafffe, 0xaffff},
      {0xbfffe, 0xbffff},
      {0xcfffe, 0xcffff},
      {0xdfffe, 0xdffff},
      {0xefffe, 0xeffff},
      {0xffffe, 0xfffff},
      {0x10fffe, 0x10ffff}}},
    {"reserved for invisible characters", {{0x2065, 0x2065}, {0xfff0, 0xfff8}, {0xe0000, 0xe0fff}}},
};

std::string utf8(char32_t code) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f))};
  if (code < 0x10000) {
    return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
  }
  return {byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)),
          byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
}

std::string formatted(const char* format, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string expected_escape(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  if (code < 0x80) return formatted("\\x%02x", code);
  return code <= 0xffff ? formatted("\\u%04x", code) : formatted("\\U%08x", code);
}

std::string expected_json(char32_t code) {
  if (code <= 0xffff) return formatted("\\u%04x", code);
  return formatted("\\u%04x", 0xd800 + ((code - 0x10000) >> 10)) +
         formatted("\\u%04x", 0xdc00 + ((code - 0x10000) & 0x3ff));
}

TEST(Printable, EscapesEveryCharacterOfEveryUnprintableClass) {
  for (const Class& each : kClasses) {
    SCOPED_TRACE(each.name);
    for (const auto& [first, last] : each.ranges) {
      for (char32_t code = first; code <= last; ++code) {
        const std::string text = "a" + utf8(code) + "b";
        ASSERT_EQ(printable(text), "a" + expected_escape(code) + "b");
        ASSERT_EQ(printable_json(text), "a" + expected_json(code) + "b");
        ASSERT_FALSE(is_printable(text)) << std::hex << static_cast<unsigned>(code);
      }
    }
  }
}

TEST(Printable, LeavesEveryOtherCharacterAsItIs) {
  std::vector<bool> unprintable(0x110000);
  for (const Class& each : kClasses) {
    for (const auto& [first, last] : each.ranges) {
      for (char32_t code = first; code <= last; ++code) unprintable[code] = true;
    }
  }
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (unprintable[code] || (code >= 0xd800 && code <= 0xdfff)) continue;
    const std::string text = utf8(code);
    ASSERT_TRUE(is_printable(text)) << std::hex << static_cast<unsigned>(code);
    ASSERT_EQ(printable(text), text);
    ASSERT_EQ(printable_json(text), text);
  }
}

TEST(Printable, EscapesSurrogatesAsBytes) {
  for (const char* text : {"\xed\xa0\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbf\xbf"}) {
    EXPECT_FALSE(is_printable(text));
    EXPECT_EQ(printable(text).substr(0, 4), "\\xed");
  }
  EXPECT_EQ(printable("\xed\x9f\xbf\xee\x80\x80"), "\xed\x9f\xbf\xee\x80\x80");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\x9b"), "\\x9b");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(printable("\xc2"), "\\xc2");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  // Overlong forms of ESC, of U+009B and of U+2028.
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");
  EXPECT_EQ(printable("\xf0\x82\x80\xa8"), "\\xf0\\x82\\x80\\xa8");
  // Above U+10FFFF.
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(Printable, WritesNothingUnprintableWhateverTheBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      ASSERT_TRUE(is_printable(printable(text))) << first << " " << second;
      ASSERT_TRUE(is_printable(printable_json(text))) << first << " " << second;
    }
  }
}

TEST(Printable, KeepsNewlinesAndTabsInLines) {
  EXPECT_EQ(printable("a\n\tb\r\x1b"), "a\\n\\tb\\r\\x1b");
  EXPECT_EQ(printable_lines("a\n\tb\r\x1b\u2028"), "a\n\tb\\r\\x1b\\u2028");
}

TEST(Printable, KeepsTheValueOfJson) {
  EXPECT_EQ(printable_json("{\"a\":\"\u202e\\n\u009b\"}"), "{\"a\":\"\\u202e\\n\\u009b\"}");
  EXPECT_EQ(printable_json("\"\U000e0041\""), "\"\\udb40\\udc41\"");
  EXPECT_EQ(printable_json("\"\x9b\""), "\"\\ufffd\"");
}

}  // namespace
}  // namespace weft
