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
using test::encode;
using test::field;
using test::List;
using test::list_of;
using test::Outcome;

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
