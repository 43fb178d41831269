#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/hpack/hpack.h"
#include "weft/http2/hpack/internal/test_hpack.h"

namespace weft::http2 {
namespace {

using test::bytes;
using test::field;
using test::List;
using test::list_of;
using test::Outcome;

struct Step {
  std::string_view block;
  List list;
  std::size_t table;
};

void expect_steps(HpackDecoder& decoder, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    ASSERT_EQ(decoder.decode(bytes(step.block)), Outcome::Ok) << decoder.error();
    EXPECT_EQ(list_of(decoder), step.list);
    EXPECT_EQ(decoder.table_bytes(), step.table);
  }
}

// RFC 7541 Appendix C. The blocks of C.5 and C.6 assume a table of 256 bytes.

const List kFirstRequest = {
    {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}};
const List kSecondRequest = {{":method", "GET"},
                             {":scheme", "http"},
                             {":path", "/"},
                             {":authority", "www.example.com"},
                             {"cache-control", "no-cache"}};
const List kThirdRequest = {{":method", "GET"},
                            {":scheme", "https"},
                            {":path", "/index.html"},
                            {":authority", "www.example.com"},
                            {"custom-key", "custom-value"}};
const List kFirstResponse = {{":status", "302"},
                             {"cache-control", "private"},
                             {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                             {"location", "https://www.example.com"}};
const List kSecondResponse = {{":status", "307"},
                              {"cache-control", "private"},
                              {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                              {"location", "https://www.example.com"}};
const List kThirdResponse = {
    {":status", "200"},
    {"cache-control", "private"},
    {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
    {"location", "https://www.example.com"},
    {"content-encoding", "gzip"},
    {"set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"}};

TEST(HpackRfc7541, DecodesAppendixC2OneRepresentationOfEachKind) {
  HpackDecoder decoder({});
  expect_steps(decoder,
               {{"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
                 {{"custom-key", "custom-header"}},
                 55},
                {"040c 2f73 616d 706c 652f 7061 7468", {{":path", "/sample/path"}}, 55},
                {"1008 7061 7373 776f 7264 0673 6563 7265 74", {{"password", "secret"}}, 55}});
  EXPECT_TRUE(decoder.fields()[0].sensitive);
  expect_steps(decoder, {{"82", {{":method", "GET"}}, 55}});
  EXPECT_FALSE(decoder.fields()[0].sensitive);
}

TEST(HpackRfc7541, DecodesAppendixC3RequestsWithoutHuffman) {
  HpackDecoder decoder({});
  expect_steps(decoder,
               {{"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", kFirstRequest, 57},
                {"8286 84be 5808 6e6f 2d63 6163 6865", kSecondRequest, 110},
                {"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                 kThirdRequest, 164}});
}

TEST(HpackRfc7541, DecodesAppendixC4RequestsWithHuffman) {
  HpackDecoder decoder({});
  expect_steps(decoder, {{"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", kFirstRequest, 57},
                         {"8286 84be 5886 a8eb 1064 9cbf", kSecondRequest, 110},
                         {"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
                          kThirdRequest, 164}});
}

TEST(HpackRfc7541, DecodesAppendixC5ResponsesWithoutHuffmanAndWithEviction) {
  HpackDecoder decoder({});
  expect_steps(
      decoder,
      {{"3fe101", {}, 0},
       {"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a"
        "3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        kFirstResponse, 222},
       {"4803 3330 37c1 c0bf", kSecondResponse, 222},
       {"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04"
        "677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49"
        "553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
        kThirdResponse, 215}});
}

TEST(HpackRfc7541, DecodesAppendixC6ResponsesWithHuffmanAndWithEviction) {
  HpackDecoder decoder({});
  expect_steps(
      decoder,
      {{"3fe101", {}, 0},
       {"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e"
        "919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        kFirstResponse, 222},
       {"4883 640e ffc1 c0bf", kSecondResponse, 222},
       {"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7"
        "821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed"
        "4ee5 b106 3d50 07",
        kThirdResponse, 215}});
}

TEST(HpackDecoder, SetsTokensOfStaticDynamicAndLiteralNames) {
  HpackDecoder decoder({});
  // te: trailers as a literal that is entered, then by index; :path as a static name.
  ASSERT_EQ(decoder.decode(bytes("4002 7465 0874 7261 696c 6572 73 be 040c 2f73 616d 706c 652f 7061"
                                 "7468 83")),
            Outcome::Ok);
  ASSERT_EQ(decoder.fields().size(), 4U);
  EXPECT_EQ(decoder.fields()[0].token, Token::Te);
  EXPECT_EQ(decoder.fields()[1].token, Token::Te);
  EXPECT_EQ(decoder.fields()[1].value, "trailers");
  EXPECT_EQ(decoder.fields()[2].token, Token::Path);
  EXPECT_EQ(decoder.fields()[3].token, Token::Method);
}

TEST(HpackDecoder, KeepsViewsOfEntriesThatItsBlockEvicts) {
  HpackDecoder decoder({});
  // A table of 64 bytes holds one of these entries.
  expect_steps(decoder, {{"3f21 4001 6102 6161", {{"a", "aa"}}, 35}});
  // Used by index, then evicted by an entry whose name is the evicted one's, twice.
  expect_steps(decoder, {{"be 7e 05 6262 6262 62 7e 05 6363 6363 63",
                          {{"a", "aa"}, {"a", "bbbbb"}, {"a", "ccccc"}},
                          38},
                         {"be", {{"a", "ccccc"}}, 38}});
}

TEST(HpackDecoder, EmptiesTheTableForAnEntryLargerThanIt) {
  HpackDecoder decoder({});
  expect_steps(decoder, {{"3f09 4001 6102 6161", {{"a", "aa"}}, 35},
                         {"4002 6161 0762 6262 6262 6262", {{"aa", "bbbbbbb"}}, 0}});
  EXPECT_EQ(decoder.decode(bytes("be")), Outcome::CompressionError);
}

struct Malformed {
  std::string_view block;
  std::string_view error;
};

class HpackMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(HpackMalformed, IsACompressionErrorThatNamesTheCause) {
  HpackDecoder decoder({});
  EXPECT_EQ(decoder.decode(bytes(GetParam().block)), Outcome::CompressionError);
  EXPECT_THAT(decoder.error(), testing::HasSubstr(std::string(GetParam().error)));
  EXPECT_TRUE(decoder.fields().empty());
  EXPECT_EQ(decoder.decode(bytes("82")), Outcome::CompressionError) << "the table is out of step";
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, HpackMalformed,
    testing::Values(
        Malformed{"80", "index 0"}, Malformed{"be", "beyond the table"},
        Malformed{"7e 0161", "name is beyond the table"}, Malformed{"ff", "cut off"},
        Malformed{"ff80", "cut off"}, Malformed{"ffffffffff", "cut off"},
        Malformed{"ffffffffff7f", "above 32 bits"}, Malformed{"ff8080808010", "above 32 bits"},
        Malformed{"ff808080808000", "more than 5 continuation bytes"}, Malformed{"40", "cut off"},
        Malformed{"4001", "longer than the rest"}, Malformed{"400161", "cut off"},
        Malformed{"40016102", "longer than the rest"},
        Malformed{"40017f8a7f", "longer than the rest"}, Malformed{"0001 61 ff", "cut off"},
        Malformed{"82 20", "after the block's first field"}, Malformed{"3fe21f", "above our limit"},
        Malformed{"3fe1ff", "cut off"},
        // 30 bits of ones are EOS; 8 bits of ones, or zeros after a code, are no padding.
        Malformed{"0001 6184 ffff ffff", "EOS"}, Malformed{"0001 6181 ff", "padding"},
        Malformed{"0001 6181 18", "padding"}, Malformed{"0001 6182 1fff", "padding"},
        // A code that would go on beyond the string.
        Malformed{"0001 6181 1e", "padding"}));

TEST(HpackDecoder, AcceptsAnIntegerOfAll32Bits) {
  HpackDecoder decoder({});
  EXPECT_EQ(decoder.decode(bytes("ff80ffffff0f")), Outcome::CompressionError);
  EXPECT_THAT(decoder.error(), testing::HasSubstr("beyond the table"));
}

TEST(HpackDecoder, RequiresASizeUpdateAfterTheLimitWasLowered) {
  for (const bool obeys : {true, false}) {
    HpackDecoder decoder({});
    ASSERT_EQ(decoder.decode(bytes("4001 6102 6161")), Outcome::Ok);
    decoder.set_max_table_size(31);
    EXPECT_EQ(decoder.table_bytes(), 0U);
    EXPECT_EQ(decoder.decode(bytes(obeys ? "3f00 82" : "82")),
              obeys ? Outcome::Ok : Outcome::CompressionError);
  }
}

TEST(HpackDecoder, RequiresTheLowestOfSeveralLimitsToBeAcknowledged) {
  const auto after_two_changes = [](std::string_view block) {
    HpackDecoder decoder({});
    decoder.set_max_table_size(10);
    decoder.set_max_table_size(4096);
    return decoder.decode(bytes(block));
  };
  EXPECT_EQ(after_two_changes("2a 3fe11f 82"), Outcome::Ok);
  EXPECT_EQ(after_two_changes("3fe11f 82"), Outcome::CompressionError);
}

TEST(HpackDecoder, AllowsTheInitialTableUntilALowerLimitIsAcknowledged) {
  HpackDecoder decoder({.table_size = 0});
  EXPECT_EQ(decoder.decode(bytes("4001 6102 6161")), Outcome::Ok);
  EXPECT_EQ(decoder.table_bytes(), 35U);
  decoder.set_max_table_size(0);
  EXPECT_EQ(decoder.decode(bytes("20 82")), Outcome::Ok);
  EXPECT_EQ(decoder.decode(bytes("21 82")), Outcome::CompressionError);
}

TEST(HpackDecoder, KeepsItsTableAfterATooLargeList) {
  HpackDecoder decoder({.list_size = 80});
  // 35 + 42 bytes fit, the third field does not; it and the fourth are still entered.
  ASSERT_EQ(decoder.decode(bytes("4001 6102 6161 82 4001 6202 6262 4001 6302 6363")),
            Outcome::ListTooLarge);
  EXPECT_TRUE(decoder.fields().empty());
  expect_steps(decoder, {{"bebf", {{"c", "cc"}, {"b", "bb"}}, 105}});
}

TEST(HpackDecoder, CountsLengthsAnd32BytesForEachField) {
  for (const std::size_t limit : {70U, 69U}) {
    HpackDecoder decoder({.list_size = limit});
    EXPECT_EQ(decoder.decode(bytes("0001 6102 6161 0001 6202 6262")),
              limit == 70 ? Outcome::Ok : Outcome::ListTooLarge);
  }
}

TEST(HpackDecoder, CountsAListOfIndexedFieldsToo) {
  HpackDecoder decoder({.list_size = 2 * 42});
  EXPECT_EQ(decoder.decode(bytes("82 82")), Outcome::Ok);
  EXPECT_EQ(decoder.decode(bytes("82 82 82")), Outcome::ListTooLarge);
  EXPECT_EQ(decoder.decode(bytes("82 82")), Outcome::Ok);
}

TEST(HpackDecoder, StoresNothingOfABombBeyondTheLimit) {
  HpackDecoder decoder({});
  std::vector<std::uint8_t> block = bytes("4001 617f a11e");  // one entry of 4000 bytes
  block.insert(block.end(), 4000, 'x');
  ASSERT_EQ(decoder.decode(block), Outcome::Ok);
  // 60,000 references to it would be 240 MB.
  ASSERT_EQ(decoder.decode(std::vector<std::uint8_t>(60000, 0xbe)), Outcome::ListTooLarge);
  EXPECT_TRUE(decoder.fields().empty());
  EXPECT_EQ(decoder.decode(bytes("be")), Outcome::Ok);
}

TEST(HpackDecoder, MarksTableFieldsWithValidCharacters) {
  HpackDecoder decoder({});
  // A static entry; then "a: b", and "a: \n", which enter the table.
  ASSERT_EQ(decoder.decode(bytes("82 4001 6101 62 4001 6101 0a")), Outcome::Ok);
  EXPECT_TRUE(decoder.fields()[0].checked);
  EXPECT_FALSE(decoder.fields()[1].checked);
  EXPECT_FALSE(decoder.fields()[2].checked);
  ASSERT_EQ(decoder.decode(bytes("bf be")), Outcome::Ok);
  EXPECT_TRUE(decoder.fields()[0].checked);
  EXPECT_FALSE(decoder.fields()[1].checked);
  // The name of an entry with another value.
  ASSERT_EQ(decoder.decode(bytes("7f 00 01 62")), Outcome::Ok);
  EXPECT_FALSE(decoder.fields()[0].checked);
}

}  // namespace
}  // namespace weft::http2
