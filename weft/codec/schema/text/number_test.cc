#include "weft/codec/schema/text/number.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::codec {
namespace {

template <class T>
T nearest(const std::string& text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void expect_same(const std::string& text) {
  double wide = 0;
  if (const char* end = quick_double(text.data(), text.data() + text.size(), wide);
      end != nullptr) {
    EXPECT_EQ(end, text.data() + text.size()) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(wide),
              std::bit_cast<std::uint64_t>(nearest<double>(text)))
        << text;
  }
  float narrow = 0;
  if (quick_float(text.data(), text.data() + text.size(), narrow) != nullptr) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(narrow),
              std::bit_cast<std::uint32_t>(nearest<float>(text)))
        << text;
  }
}

TEST(QuickDouble, RoundsAsTheStandardLibraryDoes) {
  for (const char* text : {"0",
                           "-0",
                           "0.0",
                           "1",
                           "-1.5",
                           "9007199254740993",
                           "9007199254740992.5",
                           "0.1",
                           "1e19",
                           "9999999999999999999",
                           "1e-19",
                           "0.00000000000000000001",
                           "123456789012345678e-3",
                           "0.000123",
                           "8388608.5",
                           "16777217",
                           "1.00000017881393432617",
                           "4503599627370496.5",
                           "0.3",
                           "2.5e-5",
                           "0e5",
                           "18014398509481985",
                           "1234567890123456789"}) {
    expect_same(text);
  }
  Rng rng(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = std::to_string(rng() >> rng.below(64));
    if (rng.below(2) == 0 && text.size() > 1) text.insert(1 + rng.below(text.size() - 1), ".");
    if (text[0] == '0' && text.size() > 1 && text[1] != '.') continue;
    if (rng.below(2) == 0) text += "e" + std::to_string(static_cast<int>(rng.below(50)) - 25);
    expect_same(text);
  }
}

TEST(QuickDouble, LeavesWrongAndLongNumbersToOthers) {
  double value = 0;
  for (const std::string text : {"", "-", ".5", "1.", "01", "1e", "1e+", "1e99", "x",
                                 "12345678901234567890", "0.12345678901234567890"}) {
    EXPECT_EQ(quick_double(text.data(), text.data() + text.size(), value), nullptr) << text;
  }
}

TEST(PutDouble, IsReadAsTheSameValue) {
  Rng rng(8);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(rng());
    if (!std::isfinite(value)) continue;
    char text[kLongestNumber];
    const std::string written(text, put_double(value, text));
    double back = 0;
    ASSERT_EQ(read_double(written, back), FloatFault::None) << written;
    EXPECT_EQ(back, value) << written;
  }
}

TEST(PutDouble, WritesDecimalsAsShortAsTheStandardLibrary) {
  Rng rng(10);
  for (int i = 0; i < 300'000; ++i) {
    const auto whole = static_cast<double>(rng() >> (13 + rng.below(50)));
    constexpr double kScales[] = {1, 10, 100, 1000, 10'000, 100'000, 3};
    const double value = whole / kScales[rng.below(7)] * (rng.below(2) == 0 ? 1 : -1);
    // Large whole numbers are written without an exponent.
    if (value == std::trunc(value)) continue;
    char text[kLongestNumber];
    char expected[kLongestNumber];
    const std::string written(text, put_double(value, text));
    EXPECT_EQ(written,
              std::string(expected, std::to_chars(expected, std::end(expected), value).ptr));
  }
}

TEST(PutUnsigned, WritesWhatTheStandardLibraryWrites) {
  Rng rng(9);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = i < 200 ? static_cast<std::uint64_t>(i) : rng() >> rng.below(64);
    char text[kLongestNumber];
    EXPECT_EQ(std::string(text, put_unsigned(value, text)), std::to_string(value));
    const auto with_sign = static_cast<std::int64_t>(value);
    EXPECT_EQ(std::string(text, put_signed(with_sign, text)), std::to_string(with_sign));
    EXPECT_EQ(std::string(text, put_signed(-(with_sign >> 1), text)),
              std::to_string(-(with_sign >> 1)));
  }
}

TEST(ReadInteger, TakesWholeNumbersOfAnyForm) {
  const auto value = [](std::string_view text) {
    Integer out;
    EXPECT_EQ(read_integer(text, out), IntegerFault::None) << text;
    return out.magnitude;
  };
  EXPECT_EQ(value("0.000e999999999999999999"), 0U);
  EXPECT_EQ(value("1e3"), 1000U);
  EXPECT_EQ(value("-10.00"), 10U);
  EXPECT_EQ(value("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(value("1844674407370955161.5e1"), UINT64_MAX);
  EXPECT_EQ(value("100000e-5"), 1U);
  Integer out;
  EXPECT_EQ(read_integer("18446744073709551616", out), IntegerFault::TooLarge);
  EXPECT_EQ(read_integer("1e20", out), IntegerFault::TooLarge);
  EXPECT_EQ(read_integer("1e-1", out), IntegerFault::NotWhole);
  EXPECT_EQ(read_integer("100000000000000000000000.5", out), IntegerFault::TooLarge);
  EXPECT_EQ(read_integer("0.1", out), IntegerFault::NotWhole);
  for (const std::string_view text : {"", "-", "+1", "1.", ".1", "01", "1e", "0x1", "1 "}) {
    EXPECT_EQ(read_integer(text, out), IntegerFault::NotANumber) << text;
  }
}

}  // namespace
}  // namespace weft::codec
