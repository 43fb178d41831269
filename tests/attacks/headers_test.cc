// Header blocks that are larger, odder or more dangerous than they look.

#include <string>

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using http2::ErrorCode;
using http2::FrameType;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// The gRPC status that the server answered with; the HTTP status where it was no gRPC answer.
std::string answer(Attacker& attacker, std::uint32_t stream_id) {
  const Frame* headers = attacker.find(FrameType::Headers, stream_id);
  if (headers == nullptr) return "nothing; " + attacker.last_words();
  const std::string_view status = headers->field("grpc-status");
  return std::string(status.empty() ? headers->field(":status") : status);
}

// One large entry in the table, then thousands of references of one byte to it.
TEST(HpackBomb, IsRefusedByTheSizeOfItsList) {
  Victim victim;
  const PeakMemory memory;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    const std::string start = block_of(testing::grpc_request("/test.Kinds/Unary"));
    attacker.send(raw_headers(1, start + block_of({{"x", std::string(4000, 'x')}}, true)));
    for (std::uint32_t id = 3; id < 43; id += 2) {
      attacker.send(raw_headers(id, start + std::string(16000, '\xbe'), EndStream::Yes));
      EXPECT_EQ(answer(attacker, id), "8");
    }
    EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
  });
  // A list of a block is 64 MB.
  EXPECT_LT(memory.bytes(), 2 * kMiB);
}

TEST(HeaderListBomb, IsRefusedWithTheLimit) {
  Victim victim;
  Attacker attacker(victim.port());
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (int i = 0; i < 400; ++i) fields.emplace_back("x-" + std::to_string(i), "value");
  attacker.send(testing::headers(1, fields, EndStream::Yes));
  const Frame* headers = attacker.find(FrameType::Headers, 1);
  ASSERT_NE(headers, nullptr);
  EXPECT_EQ(headers->field("grpc-status"), "8");
  EXPECT_NE(headers->field("grpc-message").find("max_metadata_size"), std::string_view::npos);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

TEST(HeaderListBomb, InTrailersEndsTheCall) {
  Victim victim;
  Attacker attacker(victim.port());
  Fields fields;
  for (int i = 0; i < 400; ++i) fields.emplace_back("x-" + std::to_string(i), std::string(30, 'x'));
  attacker.send(open_call(1, "/test.Kinds/Chat") + testing::headers(1, fields, EndStream::Yes));
  expect_reset(attacker, 1, ErrorCode::EnhanceYourCalm);
}

TEST(CookieCrumbs, CountAgainstTheList) {
  Victim victim;
  const PeakMemory memory;
  Attacker attacker(victim.port());
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (int i = 0; i < 1000; ++i) fields.emplace_back("cookie", "");
  for (std::uint32_t id = 1; id < 201; id += 2) {
    attacker.send(testing::headers(id, fields, EndStream::Yes));
    EXPECT_EQ(answer(attacker, id), "8");
  }
  EXPECT_LT(memory.bytes(), 2 * kMiB);
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

// CVE-2019-9516.
TEST(ZeroLengthHeaders, AreMalformed) {
  Victim victim;
  Attacker attacker(victim.port());
  const std::string start = block_of(testing::grpc_request("/test.Kinds/Unary"));
  attacker.send(raw_headers(1, start + block_of({{"", ""}}), EndStream::Yes));
  expect_reset(attacker, 1, ErrorCode::ProtocolError);
  // Names that only Huffman's coding makes empty.
  attacker.send(raw_headers(3, start + hex("008080"), EndStream::Yes));
  expect_reset(attacker, 3, ErrorCode::ProtocolError);
}

TEST(ZeroLengthHeaders, HoldNothingWhenTheyFlood) {
  Victim victim;
  const PeakMemory memory;
  victim.outlive([&] {
    Attacker attacker(victim.port());
    std::string bytes;
    const std::string block =
        block_of(testing::grpc_request("/test.Kinds/Unary")) + repeat(hex("408080"), 300);
    for (std::uint32_t id = 1; id < 4001; id += 2) bytes += raw_headers(id, block, EndStream::Yes);
    attacker.send(bytes);
    expect_sent_away(attacker, ErrorCode::EnhanceYourCalm, "reset");
  });
  // The test's own copies of the attack are 4 MiB each.
  EXPECT_LT(memory.bytes(), 16 * kMiB);
}

/// A block that breaks HPACK's rules, which ends the connection: the tables have parted.
struct BadBlock {
  const char* name;
  std::string bytes;
};

class Hpack : public ::testing::TestWithParam<BadBlock> {};

TEST_P(Hpack, ThatIsMalformedEndsTheConnection) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(raw_headers(1, GetParam().bytes, EndStream::Yes));
  expect_sent_away(attacker, ErrorCode::CompressionError, "does not decode");
}

INSTANTIATE_TEST_SUITE_P(By, Hpack,
                         ::testing::Values(
                             // A literal whose Huffman-coded value is padded with a whole byte of
                             // ones, with zeros, or holds the code of EOS.
                             BadBlock{"HuffmanPaddingOfAByte", hex("000178") + hex("821fff")},
                             BadBlock{"HuffmanPaddingOfZeros", hex("000178") + hex("8118")},
                             BadBlock{"HuffmanEndOfString", hex("000178") + hex("84ffffffff")},
                             BadBlock{"IndexZero", hex("80")},
                             BadBlock{"IndexBeyondTheTable", hex("ff7f")},
                             BadBlock{"IntegerWithoutEnd", hex("ff") + repeat(hex("80"), 20)},
                             BadBlock{"IntegerTooLarge", hex("ffffffffffffff7f")},
                             BadBlock{"StringBeyondTheBlock", hex("0001787f8001")},
                             BadBlock{"TableSizeAboveTheLimit", hex("3fe2ff03")},
                             BadBlock{"TableSizeBehindAField", hex("8220")}),
                         [](const auto& info) { return info.param.name; });

TEST(TableSizes, InGreatNumbersDoNotReachTheOthers) {
  Victim victim;
  Attacker attacker(victim.port());
  std::uint32_t id = 1;
  victim.outlive([&] {
    const std::string block = repeat(hex("203fe11f"), 4000);
    attacker.send(
        raw_headers(id, block + block_of(testing::grpc_request("/none/None")), EndStream::Yes));
    EXPECT_EQ(answer(attacker, id), "12");
    id += 2;
  });
}

TEST(TableSizes, ThatChangeWithEachBlockDoNotReachTheOthers) {
  Victim victim;
  Attacker attacker(victim.port());
  std::uint32_t id = 1;
  victim.outlive([&] {
    // To nothing and back, then an entry for the next block to throw out.
    attacker.send(raw_headers(
        id, hex("203fe11f") + block_of(testing::grpc_request("/none/None"), true), EndStream::Yes));
    EXPECT_EQ(answer(attacker, id), "12");
    id += 2;
  });
}

/// A request that another server might read as something else.
struct Smuggled {
  const char* name;
  Fields fields;
};

Fields request_with(const Fields& more) { return testing::grpc_request("/test.Kinds/Unary", more); }
Fields request_without(std::string_view name) {
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}
Fields request_where(std::string_view name, std::string_view value) {
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}
Fields twice(std::string_view name) {
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (const auto& field : fields) {
    if (field.first != name) continue;
    fields.insert(fields.begin(), field);
    break;
  }
  return fields;
}

class Smuggling : public ::testing::TestWithParam<Smuggled> {};

TEST_P(Smuggling, IsMalformed) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(raw_headers(1, block_of(GetParam().fields), EndStream::No) +
                testing::data(1, testing::grpc_message(""), EndStream::Yes));
  expect_reset(attacker, 1, ErrorCode::ProtocolError);
}

INSTANTIATE_TEST_SUITE_P(
    By, Smuggling,
    ::testing::Values(
        Smuggled{"Connection", request_with({{"connection", "close"}})},
        Smuggled{"KeepAlive", request_with({{"keep-alive", "1"}})},
        Smuggled{"ProxyConnection", request_with({{"proxy-connection", "keep-alive"}})},
        Smuggled{"TransferEncoding", request_with({{"transfer-encoding", "chunked"}})},
        Smuggled{"Upgrade", request_with({{"upgrade", "h2c"}})},
        Smuggled{"TeOtherThanTrailers", request_where("te", "gzip")},
        Smuggled{"TwoContentLengths",
                 request_with({{"content-length", "5"}, {"content-length", "6"}})},
        Smuggled{"ContentLengthWithASign", request_with({{"content-length", "+5"}})},
        Smuggled{"ContentLengthInAList", request_with({{"content-length", "5, 6"}})},
        Smuggled{"ContentLengthTooLarge",
                 request_with({{"content-length", "99999999999999999999"}})},
        Smuggled{"CarriageReturnInAValue", request_with({{"x", "a\rb"}})},
        Smuggled{"LineFeedInAValue", request_with({{"x", "a\nb: c"}})},
        Smuggled{"NulInAValue", request_with({{"x", std::string("a\0b", 3)}})},
        Smuggled{"SpaceBeforeAValue", request_with({{"x", " a"}})},
        Smuggled{"SpaceBehindAValue", request_with({{"x", "a\t"}})},
        Smuggled{"UpperCaseName", request_with({{"X-Upper", "a"}})},
        Smuggled{"ColonInAName", request_with({{"x:y", "a"}})},
        Smuggled{"SpaceInAName", request_with({{"x y", "a"}})},
        Smuggled{"LineFeedInAName", request_with({{"x\ny", "a"}})},
        Smuggled{"HighByteInAName", request_with({{"x\xff", "a"}})},
        Smuggled{"LineFeedInThePath", request_where(":path", "/test.Kinds/Unary\r\nhost: x")},
        Smuggled{"EmptyPath", request_where(":path", "")},
        Smuggled{"NoPath", request_without(":path")},
        Smuggled{"NoMethod", request_without(":method")},
        Smuggled{"NoScheme", request_without(":scheme")},
        Smuggled{"TwoPaths", twice(":path")}, Smuggled{"TwoMethods", twice(":method")},
        Smuggled{"TwoAuthorities", twice(":authority")},
        Smuggled{"UnknownPseudoHeader", [] {
                   Fields fields = request_with({});
                   fields.insert(fields.begin(), {":unknown", "x"});
                   return fields;
                 }()},
        Smuggled{"ResponsePseudoHeader", [] {
                   Fields fields = request_with({});
                   fields.insert(fields.begin(), {":status", "200"});
                   return fields;
                 }()},
        Smuggled{"PseudoHeaderBehindFields", request_with({{":path", "/other"}})}),
    [](const auto& info) { return info.param.name; });

TEST(Smuggling, ThroughTrailersIsMalformed) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(open_call(1, "/test.Kinds/Chat") +
                testing::headers(1, {{":path", "/other"}}, EndStream::Yes));
  expect_reset(attacker, 1, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace weft::attacks
