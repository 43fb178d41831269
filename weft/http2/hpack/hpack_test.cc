#include "weft/http2/hpack/hpack.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http2 {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;
using Outcome = HpackDecoder::Outcome;

std::vector<std::uint8_t> bytes(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return out;
}

List list_of(const HpackDecoder& decoder) {
  List list;
  for (const HeaderField& field : decoder.fields()) list.emplace_back(field.name, field.value);
  return list;
}

std::vector<std::uint8_t> encode(HpackEncoder& encoder, const std::vector<HeaderField>& fields) {
  std::vector<std::uint8_t> block(encoder.bound(fields));
  const std::uint8_t* end = encoder.encode(fields, block.data());
  block.resize(static_cast<std::size_t>(end - block.data()));
  return block;
}

/// A field as an application gives it: with its token.
HeaderField field(std::string_view name, std::string_view value) {
  return {.name = name, .value = value, .token = token_of(name)};
}

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

TEST(HpackEncoder, WritesOneByteAFieldOnAWarmConnection) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  const std::vector<HeaderField> response = {field(":status", "200"),
                                             field("content-type", "application/grpc")};
  const std::vector<HeaderField> trailers = {field("grpc-status", "0")};
  encode(encoder, response);
  encode(encoder, trailers);
  EXPECT_EQ(encode(encoder, response), bytes("88 bf"));
  EXPECT_EQ(encode(encoder, trailers), bytes("be"));
}

std::vector<std::uint8_t> encode_fixed(HpackEncoder& encoder,
                                       const std::vector<HeaderField>& fields, FixedBlock& block) {
  std::vector<std::uint8_t> out(encoder.bound(fields));
  const std::uint8_t* end = encoder.encode_fixed(fields, block, out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

TEST(HpackEncoder, KeepsWhatAFixedListCameTo) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  FixedBlock fixed;
  const std::vector<HeaderField> response = {field(":status", "200"),
                                             field("content-type", "application/grpc")};
  const List expected = {{":status", "200"}, {"content-type", "application/grpc"}};
  const auto expect_response = [&](std::size_t size) {
    const std::vector<std::uint8_t> block = encode_fixed(encoder, response, fixed);
    EXPECT_EQ(block.size(), size);
    ASSERT_EQ(decoder.decode(block), Outcome::Ok) << decoder.error();
    EXPECT_EQ(list_of(decoder), expected);
  };
  const auto send = [&](const HeaderField& other) {
    ASSERT_EQ(decoder.decode(encode(encoder, {other})), Outcome::Ok) << decoder.error();
  };
  ASSERT_EQ(decoder.decode(encode_fixed(encoder, response, fixed)), Outcome::Ok);
  for (int i = 0; i < 3; ++i) expect_response(2);
  // Other entries move it to another index.
  send(field(":path", "/a"));
  for (int i = 0; i < 3; ++i) expect_response(2);
  send(field("content-length", "7"));
  expect_response(2);
  // The table is emptied; the first block says so and enters it anew.
  encoder.set_max_table_size(0);
  encoder.set_max_table_size(4096);
  const std::vector<std::uint8_t> block = encode_fixed(encoder, response, fixed);
  EXPECT_GT(block.size(), 2U);
  ASSERT_EQ(decoder.decode(block), Outcome::Ok) << decoder.error();
  EXPECT_EQ(list_of(decoder), expected);
  for (int i = 0; i < 3; ++i) expect_response(2);
}

TEST(HpackEncoder, FindsTheTokenOfAFieldThatCameWithout) {
  HpackEncoder encoder;
  encode(encoder, {{.name = "grpc-status", .value = "0"}});
  EXPECT_EQ(encode(encoder, {field("grpc-status", "0")}), bytes("be"));
}

TEST(HpackEncoder, FindsEveryOfManyPaths) {
  HpackEncoder encoder;
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) paths.push_back("/pkg.Service/Method" + std::to_string(i));
  for (const std::string& path : paths) encode(encoder, {field(":path", path)});
  for (const std::string& path : paths) {
    EXPECT_EQ(encode(encoder, {field(":path", path)}).size(), 1U) << path;
  }
}

TEST(HpackEncoder, EntersUnknownFieldsWhenTheyComeASecondTime) {
  HpackEncoder encoder;
  const std::vector<HeaderField> tenant = {field("x-tenant", "blue")};
  EXPECT_EQ(encode(encoder, tenant)[0], 0x00);
  EXPECT_EQ(encode(encoder, tenant)[0], 0x40);
  EXPECT_EQ(encode(encoder, tenant), bytes("be"));
}

TEST(HpackEncoder, EntersAllOfSeveralFieldsThatRepeat) {
  constexpr int kSets = 50;
  constexpr int kBlocks = 40;
  for (int set = 0; set < kSets; ++set) {
    const std::string name = "x-field-" + std::to_string(set) + "-";
    const std::string a = name + "a", b = name + "b", c = name + "c", d = name + "d";
    const std::vector<HeaderField> fields = {field(a, "one"), field(b, "two"), field(c, "three"),
                                             field(d, "four")};
    HpackEncoder encoder;
    for (int i = 0; i < kBlocks; ++i) encode(encoder, fields);
    EXPECT_EQ(encode(encoder, fields).size(), fields.size()) << name;
  }
}

TEST(HpackEncoder, EntersTheNameButNotEachValueOfADeadline) {
  HpackEncoder encoder;
  EXPECT_EQ(encode(encoder, {field("grpc-timeout", "100m")})[0], 0x40);
  EXPECT_EQ(encode(encoder, {field("grpc-timeout", "99m")}), bytes("0f2f 0339 396d"));
  EXPECT_EQ(encode(encoder, {field("grpc-timeout", "98m")}), bytes("0f2f 0339 386d"));
}

TEST(HpackEncoder, NeverEntersSecrets) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  HeaderField secret = field("x-api-key", "hunter2");
  secret.sensitive = true;
  const std::vector<HeaderField> fields = {secret, field("authorization", "Bearer abc"),
                                           field("cookie", "id=1")};
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(decoder.decode(encode(encoder, fields)), Outcome::Ok);
    ASSERT_EQ(decoder.fields().size(), 3U);
    for (const HeaderField& got : decoder.fields()) EXPECT_TRUE(got.sensitive) << got.name;
    EXPECT_EQ(decoder.table_bytes(), 0U);
  }
}

TEST(HpackEncoder, EntersALongTokenTheSecondTime) {
  HpackEncoder encoder;
  const std::string token = "Bearer " + std::string(693, 't');
  EXPECT_EQ(encode(encoder, {field("authorization", token)})[0], 0x0f) << "not indexed";
  EXPECT_EQ(encode(encoder, {field("authorization", token)})[0], 0x40 | 23);
  EXPECT_EQ(encode(encoder, {field("authorization", token)}), bytes("be"));
  // That of another user is another value.
  const std::string other = "Bearer " + std::string(693, 'o');
  EXPECT_GT(encode(encoder, {field("authorization", other)}).size(), 700U);
  EXPECT_EQ(encode(encoder, {field("authorization", token)}), bytes("be"));
}

TEST(HpackEncoder, NeverEntersCredentialsThatCanBeGuessed) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  const std::string password = "bASIC " + std::string(200, 'p');
  const std::string almost = "Bearer " + std::string(56, 't');
  for (int i = 0; i < 3; ++i) {
    for (const std::string& value : {password, almost}) {
      ASSERT_EQ(decoder.decode(encode(encoder, {field("authorization", value)})), Outcome::Ok);
      EXPECT_TRUE(decoder.fields()[0].sensitive) << value;
      EXPECT_EQ(decoder.fields()[0].value, value);
    }
  }
  EXPECT_EQ(decoder.table_bytes(), 0U);
}

TEST(HpackEncoder, EntersTheNameOfAValueThatIsAlwaysNew) {
  HpackEncoder encoder;
  const auto sent = [&](const std::string& id) {
    return encode(encoder, {field("x-request-id", id)});
  };
  EXPECT_EQ(sent("a1")[0], 0x00);
  EXPECT_EQ(sent("b2")[0], 0x40);
  EXPECT_EQ(sent("c3"), bytes("0f2f 02 6333"));
  EXPECT_EQ(sent("d4"), bytes("0f2f 02 6434"));
  EXPECT_EQ(sent("b2"), bytes("be"));
}

TEST(HpackEncoder, WritesHuffmanCodesOnlyIntoTheTable) {
  HpackEncoder encoder;
  const std::vector<std::uint8_t> entered = encode(encoder, {field("grpc-status", "aaaaaaaaaa")});
  EXPECT_LT(entered.size(), 1U + 1U + 11U + 1U + 10U);
  EXPECT_EQ(encode(encoder, {field("content-length", "11")}), bytes("0f0d 02 3131"));
}

TEST(HpackEncoder, LetsFewEntriesChaseOthersOut) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  encode(encoder, {field("grpc-status", "0")});
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    paths.push_back("/a.package.of.many.Services/Method" + std::to_string(i));
  }
  // Four times as many as the table holds, in turn: each would evict the one that is needed next.
  std::size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    for (const std::string& path : paths) {
      found += encode(encoder, {field(":path", path)}).size() == 1 ? 1 : 0;
    }
  }
  EXPECT_GT(found, 20U * 100U / 4U);
}

TEST(HpackEncoder, IsReadByADecoderWhateverItEnters) {
  HpackEncoder encoder;
  HpackDecoder decoder({.table_size = 4096, .list_size = 65536});
  std::uint64_t random = 1;
  const auto draw = [&random](std::uint64_t below) {
    random = random * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    return (random >> 33) % below;
  };
  const std::vector<std::string> names = {"authorization", "x-tenant",    "x-request-id",
                                          "traceparent",   "x-requestid", "grpc-timeout",
                                          ":path",         "cookie",      "y-tenant"};
  for (int i = 0; i < 5000; ++i) {
    List expected;
    for (std::uint64_t fields = 1 + draw(6); fields > 0; --fields) {
      expected.emplace_back(names[draw(names.size())],
                            std::to_string(draw(12)) + std::string(draw(3) * 300, 'v'));
    }
    std::vector<HeaderField> list;
    for (const auto& [name, value] : expected) list.push_back(field(name, value));
    if (draw(500) == 0) encoder.set_max_table_size(draw(4097));
    ASSERT_EQ(decoder.decode(encode(encoder, list)), Outcome::Ok) << decoder.error();
    ASSERT_EQ(list_of(decoder), expected) << "block " << i;
  }
}

TEST(HpackEncoder, KeepsLargeValuesOutOfTheTable) {
  HpackEncoder encoder;
  const std::string large(2000, 'x');
  encode(encoder, {field("grpc-status", "0")});
  for (int i = 0; i < 4; ++i) encode(encoder, {field("x-blob", large), field("user-agent", large)});
  EXPECT_EQ(encode(encoder, {field("grpc-status", "0")}), bytes("be"));
}

TEST(HpackEncoder, SignalsTheLowestAndTheLastTableSize) {
  HpackEncoder encoder;
  encoder.set_max_table_size(100);
  encoder.set_max_table_size(0);
  encoder.set_max_table_size(300);
  EXPECT_EQ(encode(encoder, {field(":method", "GET")}), bytes("20 3f8d02 82"));
  EXPECT_EQ(encode(encoder, {field(":method", "GET")}), bytes("82"));
  encoder.set_max_table_size(300);
  EXPECT_EQ(encode(encoder, {field(":method", "GET")}), bytes("82"));
  encoder.set_max_table_size(65536);
  EXPECT_EQ(encode(encoder, {field(":method", "GET")}), bytes("3fe11f 82")) << "our own 4096";
  encoder.set_max_table_size(1 << 20);
  EXPECT_EQ(encode(encoder, {field(":method", "GET")}), bytes("82"));
}

TEST(HpackEncoder, WorksWithoutATable) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  encoder.set_max_table_size(0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(decoder.decode(encode(encoder, {field("grpc-status", "0"), field("x", "y")})),
              Outcome::Ok);
    EXPECT_EQ(list_of(decoder), (List{{"grpc-status", "0"}, {"x", "y"}}));
    EXPECT_EQ(decoder.table_bytes(), 0U);
  }
  EXPECT_EQ(encode(encoder, {field(":path", "/")}), bytes("84"));
}

}  // namespace
}  // namespace weft::http2
