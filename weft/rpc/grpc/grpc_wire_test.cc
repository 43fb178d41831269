#include "weft/rpc/grpc/grpc_wire.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;

std::uint64_t seed() {
  const char* text = std::getenv("WEFT_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260103;
}

std::string formatted(Duration timeout) {
  char out[9];
  const std::size_t size = format_timeout(timeout, out);
  return std::string(out, size);
}

TEST(GrpcTimeout, ReadsEveryUnit) {
  struct Case {
    std::string_view text;
    Duration timeout;
  };
  const Case cases[] = {{"1H", 1h},
                        {"2M", 2min},
                        {"3S", 3s},
                        {"4m", 4ms},
                        {"5u", 5us},
                        {"6n", 6ns},
                        {"0n", 0ns},
                        {"00000001S", 1s},
                        {"99999999n", 99999999ns},
                        {"2562047H", 2562047h},
                        {"2562048H", kForever},
                        {"99999999H", kForever},
                        {"99999999M", 99999999min},
                        {"99999999S", 99999999s}};
  for (const Case& c : cases) {
    Duration timeout{};
    ASSERT_TRUE(parse_timeout(c.text, timeout)) << c.text;
    EXPECT_EQ(timeout, c.timeout) << c.text;
  }
}

TEST(GrpcTimeout, RejectsWhatIsMalformed) {
  for (std::string_view text : {"", "S", "1", "1s", "1h", "-1S", "+1S", " 1S", "1 S", "1S ",
                                "123456789S", "1.5S", "0x1S", "1SS", "S1"}) {
    Duration untouched = 7s;
    EXPECT_FALSE(parse_timeout(text, untouched)) << text;
    EXPECT_EQ(untouched, 7s);
  }
}

TEST(GrpcTimeout, IsWrittenInTheFinestUnitThatEightDigitsHold) {
  EXPECT_EQ(formatted(1ns), "1n");
  EXPECT_EQ(formatted(0ns), "1n");
  EXPECT_EQ(formatted(-5s), "1n");
  EXPECT_EQ(formatted(50ms), "50000000n");
  EXPECT_EQ(formatted(99999999ns), "99999999n");
  EXPECT_EQ(formatted(100000000ns), "100000u");
  EXPECT_EQ(formatted(100000001ns), "100001u");
  EXPECT_EQ(formatted(1h), "3600000m");
  EXPECT_EQ(formatted(kForever), "2562048H");
}

TEST(GrpcTimeout, NeverLosesTime) {
  const std::uint64_t start = seed();
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start));
  Rng rng(start);
  for (int round = 0; round < 20000; ++round) {
    const Duration timeout(static_cast<std::int64_t>((rng() >> 1) >> rng.below(63)));
    const std::string text = formatted(timeout);
    ASSERT_LE(text.size(), 9U);
    Duration back{};
    ASSERT_TRUE(parse_timeout(text, back)) << text;
    ASSERT_GE(back, timeout) << text;
    // Rounding adds less than one part in 10^6 or so: one unit where eight digits are needed.
    if (timeout > 0ns && back != kForever) {
      ASSERT_LE((back - timeout).count(),
                timeout.count() / 10000 + 3'600'000'000'000 * (timeout > 99999999min))
          << text;
    }
  }
}

TEST(GrpcMessage, IsPercentEncoded) {
  struct Case {
    std::string_view text;
    std::string_view wire;
  };
  const Case cases[] = {{"", ""},
                        {"plain text ~!", "plain text ~!"},
                        {"100%", "100%25"},
                        {"a\nb\tc", "a%0Ab%09c"},
                        {"\xc3\xa9", "%C3%A9"},
                        {"\x7f", "%7F"},
                        {std::string_view("\0", 1), "%00"}};
  for (const Case& c : cases) {
    std::string out = ">";
    percent_encode(c.text, out);
    EXPECT_EQ(out, ">" + std::string(c.wire));
    EXPECT_EQ(percent_decode(c.wire), c.text);
  }
}

TEST(GrpcMessage, KeepsEscapesThatAreNone) {
  struct Case {
    std::string_view wire;
    std::string_view text;
  };
  const Case cases[] = {{"%", "%"},       {"%4", "%4"},   {"%zz", "%zz"},
                        {"%4z", "%4z"},   {"%%41", "%A"}, {"%e4%E4", "\xe4\xe4"},
                        {"100%", "100%"}, {"%41%", "A%"}, {"\xc3\xa9", "\xc3\xa9"}};
  for (const Case& c : cases) EXPECT_EQ(percent_decode(c.wire), c.text) << c.wire;
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  struct Case {
    std::string_view bytes;
    std::string_view padded;
  };
  const Case cases[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"}};
  for (const Case& c : cases) {
    std::string encoded;
    base64_encode(c.bytes, encoded);
    const std::string_view bare = c.padded.substr(0, c.padded.find('='));
    EXPECT_EQ(encoded, bare);
    for (std::string_view text : {bare, c.padded}) {
      std::string decoded = ">";
      ASSERT_TRUE(base64_decode(text, decoded)) << text;
      EXPECT_EQ(decoded, ">" + std::string(c.bytes));
    }
  }
}

TEST(Base64, RejectsWhatIsNot) {
  for (std::string_view text : {"A", "=", "==", "A===", "AA=", "AAA==", "AAAA=", "AAAA==",
                                "AAAA====", "AA==AA==", "A=AA", "AA-_", "AA A", "AAAA\n",
                                "AA\x80"
                                "A",
                                "AAAAA"}) {
    std::string out = "kept";
    EXPECT_FALSE(base64_decode(text, out)) << text;
    EXPECT_EQ(out, "kept") << text;
  }
}

TEST(TextEncodings, RandomBytesComeBack) {
  const std::uint64_t start = seed() + 1;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start - 1));
  Rng rng(start);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (std::size_t n = rng.below(100); n > 0; --n) bytes += static_cast<char>(rng());
    std::string wire;
    base64_encode(bytes, wire);
    std::string back;
    ASSERT_TRUE(base64_decode(wire, back));
    ASSERT_EQ(back, bytes);
    wire.clear();
    percent_encode(bytes, wire);
    ASSERT_EQ(percent_decode(wire), bytes);
    for (char c : wire) ASSERT_TRUE(c >= 0x20 && c <= 0x7e);
  }
}

TEST(PercentEncodedPrefix, EndsWithACharacter) {
  struct Case {
    std::string_view text;
    std::size_t room;
    std::size_t kept;
    std::size_t encoded;
  };
  const Case cases[] = {{"abc", 3, 3, 3},
                        {"abc", 2, 2, 2},
                        {"", 5, 0, 0},
                        {"a%b", 4, 2, 4},
                        {"\xc3\xa4", 6, 2, 6},
                        {"\xc3\xa4", 5, 0, 0},
                        {"x\xe2\x82\xac", 9, 1, 1},
                        {"x\xe2\x82\xac", 10, 4, 10},
                        {"\xc3\xa4y", 6, 2, 6}};
  for (const Case& c : cases) {
    const EncodedPrefix prefix = percent_encoded_prefix(c.text, c.room);
    EXPECT_EQ(prefix.text, c.kept) << c.text << " in " << c.room;
    EXPECT_EQ(prefix.encoded, c.encoded) << c.text << " in " << c.room;
    std::string encoded;
    percent_encode(c.text.substr(0, prefix.text), encoded);
    EXPECT_EQ(encoded.size(), prefix.encoded);
  }
}

constexpr std::size_t kLimit = std::size_t{16} * 1024;

bool take(const http2::HeaderField& field, Metadata& metadata) {
  return add_received(field, metadata, kLimit) == Received::Taken;
}

TEST(MetadataFields, BinaryValuesGoAsBase64) {
  Metadata metadata;
  metadata.add("a-bin", std::string_view("\0\1\2", 3));
  metadata.add("plain", "text");
  metadata.add("b-bin", "foob");
  metadata.add("empty-bin", "");
  std::vector<http2::HeaderField> fields;
  std::string scratch;
  append_fields(metadata, fields, scratch);
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[0].value, "AAEC");
  EXPECT_EQ(fields[1].value, "text");
  EXPECT_EQ(fields[2].value, "Zm9vYg");
  EXPECT_EQ(fields[3].value, "");
}

TEST(MetadataFields, SpacesAroundAValueAreNotSent) {
  Metadata metadata;
  metadata.add("a", "  padded value \t");
  metadata.add("b", "   ");
  std::vector<http2::HeaderField> fields;
  std::string scratch;
  append_fields(metadata, fields, scratch);
  EXPECT_EQ(fields[0].value, "padded value");
  EXPECT_EQ(fields[1].value, "");
}

TEST(MetadataFields, ListsOfBinaryValuesAreSplit) {
  struct Case {
    std::string_view wire;
    std::vector<std::string_view> values;
  };
  const Case cases[] = {{"Zg", {"f"}},
                        {"Zg==", {"f"}},
                        {"", {""}},
                        {"Zg,Zm8", {"f", "fo"}},
                        {"Zg==, Zm8= ,Zm9v", {"f", "fo", "foo"}},
                        {"Zg,,Zg", {"f", "", "f"}},
                        {"Zg,", {"f", ""}}};
  for (const Case& c : cases) {
    Metadata metadata;
    ASSERT_TRUE(take({.name = "x-bin", .value = c.wire}, metadata)) << c.wire;
    EXPECT_EQ(metadata.get_all("x-bin"), c.values) << c.wire;
  }
}

// A block of 16 KiB would otherwise become 65 MB: each element repeats the name.
TEST(MetadataFields, RefuseAListWhoseElementsExceedTheLimit) {
  const std::string name = std::string(4000, 'n') + "-bin";
  Metadata metadata;
  metadata.add("x", "kept");
  EXPECT_EQ(add_received({.name = name, .value = std::string(8000, ',')}, metadata, kLimit),
            Received::TooLarge);
  EXPECT_EQ(metadata.size(), 1U);
  const Status status =
      bad_metadata(Received::TooLarge, name, kLimit, "ServerOptions::max_metadata_size");
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_NE(status.message().find("16384"), std::string_view::npos) << status.message();
  EXPECT_NE(status.message().find("max_metadata_size"), std::string_view::npos);
}

TEST(MetadataFields, CountWhatSeveralListsAddTogether) {
  Metadata metadata;
  std::size_t taken = 0;
  while (taken < 1000 && take({.name = "x-bin", .value = ",,,,,,,,,"}, metadata)) ++taken;
  EXPECT_GT(taken, 30U);
  EXPECT_LE(metadata.wire_size(), kLimit);
}

TEST(MetadataFields, AMalformedListAddsNothing) {
  for (std::string_view wire : {"*", "Zg,*", "Zg,A", "Zg;Zg"}) {
    Metadata metadata;
    EXPECT_EQ(add_received({.name = "x-bin", .value = wire}, metadata, kLimit), Received::Malformed)
        << wire;
    EXPECT_TRUE(metadata.empty()) << wire;
  }
}

TEST(MetadataFields, TextKeepsItsCommas) {
  Metadata metadata;
  ASSERT_TRUE(take({.name = "accept", .value = "a, b"}, metadata));
  EXPECT_EQ(metadata.get("accept"), "a, b");
}

TEST(MetadataFields, RandomMetadataComesBack) {
  const std::uint64_t start = seed() + 2;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(start - 2));
  Rng rng(start);
  for (int round = 0; round < 500; ++round) {
    Metadata sent;
    for (std::size_t n = rng.below(8); n > 0; --n) {
      std::string value;
      for (std::size_t i = rng.below(40); i > 0; --i) value += static_cast<char>(rng());
      if (rng.below(2) == 0) {
        sent.add("b" + std::to_string(rng.below(3)) + "-bin", value);
      } else {
        for (char& c : value) c = static_cast<char>('!' + (c & 63));
        sent.add("a" + std::to_string(rng.below(3)), value);
      }
    }
    std::vector<http2::HeaderField> fields;
    std::string scratch;
    append_fields(sent, fields, scratch);
    Metadata received;
    for (const http2::HeaderField& field : fields) ASSERT_TRUE(take(field, received));
    ASSERT_EQ(received.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      ASSERT_EQ(received[i].name, sent[i].name);
      ASSERT_EQ(received[i].value, sent[i].value);
    }
  }
}

TEST(GrpcContentType, IsKnownWithItsFormatAndParameters) {
  for (std::string_view value :
       {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
        "application/grpc ; x", "application/grpc+proto \t; x=y;z", "application/grpc;",
        "Application/GRPC", "APPLICATION/grpc+PROTO"}) {
    EXPECT_EQ(content_type_of(value), ContentType::Protobuf) << value;
  }
  for (std::string_view value :
       {"application/grpc+json", "application/grpc+foo", "application/grpc+",
        "Application/GRPC+j;x", "application/grpc+proto+x", "application/grpc+protobuf"}) {
    EXPECT_EQ(content_type_of(value), ContentType::OtherFormat) << value;
  }
  for (std::string_view value : {"", "application/grp", "application/grpc-web", "application/grpcx",
                                 "application/json", "text/html", " application/grpc",
                                 "application/grpc x", ";application/grpc", "application/ grpc"}) {
    EXPECT_EQ(content_type_of(value), ContentType::NotGrpc) << value;
  }
}

TEST(ContentTypeOf, HasASubtypeWithoutParameters) {
  EXPECT_EQ(content_subtype("application/grpc+json"), "json");
  EXPECT_EQ(content_subtype("application/grpc+json ;charset=utf-8"), "json");
  EXPECT_EQ(content_subtype("Application/gRPC+JSON"), "JSON");
  for (const std::string_view value :
       {"application/grpc", "application/grpc;x", "application/grpc+"}) {
    EXPECT_EQ(content_subtype(value), "") << value;
  }
}

TEST(GrpcStatusTables, HttpStatusesAreThoseOfTheProtocol) {
  struct Case {
    int http;
    StatusCode code;
  };
  const Case cases[] = {{400, StatusCode::Internal},
                        {401, StatusCode::Unauthenticated},
                        {403, StatusCode::PermissionDenied},
                        {404, StatusCode::Unimplemented},
                        {429, StatusCode::Unavailable},
                        {502, StatusCode::Unavailable},
                        {503, StatusCode::Unavailable},
                        {504, StatusCode::Unavailable},
                        {200, StatusCode::Unknown},
                        {302, StatusCode::Unknown},
                        {405, StatusCode::Unknown},
                        {415, StatusCode::Unknown},
                        {500, StatusCode::Unknown},
                        {0, StatusCode::Unknown},
                        {-1, StatusCode::Unknown}};
  for (const Case& c : cases) EXPECT_EQ(status_of_http(c.http), c.code) << c.http;
}

TEST(GrpcStatusTables, ResetsAreThoseOfTheProtocol) {
  using http2::ErrorCode;
  struct Case {
    ErrorCode reset;
    StatusCode code;
  };
  const Case cases[] = {{ErrorCode::NoError, StatusCode::Internal},
                        {ErrorCode::ProtocolError, StatusCode::Internal},
                        {ErrorCode::InternalError, StatusCode::Internal},
                        {ErrorCode::FlowControlError, StatusCode::Internal},
                        {ErrorCode::SettingsTimeout, StatusCode::Internal},
                        {ErrorCode::StreamClosed, StatusCode::Unknown},
                        {ErrorCode::FrameSizeError, StatusCode::Internal},
                        {ErrorCode::RefusedStream, StatusCode::Unavailable},
                        {ErrorCode::Cancel, StatusCode::Cancelled},
                        {ErrorCode::CompressionError, StatusCode::Internal},
                        {ErrorCode::ConnectError, StatusCode::Internal},
                        {ErrorCode::EnhanceYourCalm, StatusCode::ResourceExhausted},
                        {ErrorCode::InadequateSecurity, StatusCode::PermissionDenied},
                        {ErrorCode::Http11Required, StatusCode::Unknown},
                        {static_cast<ErrorCode>(0xdead), StatusCode::Internal}};
  for (const Case& c : cases) {
    EXPECT_EQ(status_of_reset(c.reset), c.code) << static_cast<std::uint32_t>(c.reset);
  }
}

TEST(GrpcStatus, IsANumberUpToSixteen) {
  for (int code = 0; code <= 16; ++code) {
    StatusCode parsed{};
    ASSERT_TRUE(parse_status(std::to_string(code), parsed));
    EXPECT_EQ(static_cast<int>(parsed), code);
  }
  for (std::string_view text :
       {"", "17", "99", "100", "-1", "+1", " 1", "1 ", "OK", "0x1", "000"}) {
    StatusCode untouched = StatusCode::Aborted;
    EXPECT_FALSE(parse_status(text, untouched)) << text;
    EXPECT_EQ(untouched, StatusCode::Aborted);
  }
}

TEST(MessagePrefix, IsFlagAndBigEndianLength) {
  std::uint8_t out[kMessagePrefix];
  write_message_prefix(out, true, 0x01020304);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(out), sizeof out), "\x01\x01\x02\x03\x04");
  write_message_prefix(out, false, 0);
  EXPECT_EQ(out[0], 0);
}

}  // namespace
}  // namespace weft::rpc
