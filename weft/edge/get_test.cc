// Connect's GET, for methods without side effects.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::note;
using test::World;
using testing::EndStream;
using ::testing::HasSubstr;

constexpr std::string_view kEcho = "/test.Notes/Echo?";

class EdgeGet : public ::testing::Test {
 protected:
  Answer get(const std::string& query, const testing::Fields& more = {}) {
    return world_.answer(world_.begin(std::string(kEcho) + query, "", more, "GET", EndStream::Yes));
  }
  World world_;
};

TEST_F(EdgeGet, BringsJsonInTheQuery) {
  const Answer answer = get("encoding=json&message=%7B%22fileName%22:%22a+b%22%7D&connect=v1");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("vary"), "accept-encoding");
  EXPECT_EQ(answer.body, R"({"fileName":"a b"})");
}

TEST_F(EdgeGet, BringsBytesInBase64) {
  for (const std::string base64 : {"CgI_Pw", "CgI_Pw==", "CgI/Pw==", "CgI%2FPw%3D%3D"}) {
    const Answer answer = get("other=1&base64=1&message=" + base64 + "&encoding=proto");
    EXPECT_EQ(answer.body, note("??").SerializeAsString()) << base64;
  }
}

TEST_F(EdgeGet, MessagesMayBeCompressed) {
  // gzip of {"fileName":"zip"}
  const Bytes packed = *codec::compress(Compression::Gzip, R"({"fileName":"zip"})");
  std::string text;
  for (const char c : packed.view()) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text += '%';
    text += kHex[static_cast<unsigned char>(c) >> 4];
    text += kHex[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(get("encoding=json&compression=gzip&message=" + text).body, R"({"fileName":"zip"})");
  EXPECT_EQ(get("encoding=json&compression=br&message=" + text).status(), "501");
}

TEST_F(EdgeGet, AnEmptyMessageIsOne) { EXPECT_EQ(get("encoding=proto&message=").status(), "200"); }

TEST_F(EdgeGet, TimeoutsAndMetadataAreFields) {
  EXPECT_EQ(get("encoding=json&message=%7B%22fileName%22:%22seen%22%7D", {{"x-user", "me"}}).body,
            R"({"fileName":"me  1"})");
  EXPECT_EQ(
      get("encoding=json&message=%7B%22fileName%22:%22sleep%22%7D", {{"connect-timeout-ms", "5"}})
          .status(),
      "504");
}

TEST_F(EdgeGet, WrongParametersAreNamed) {
  const auto refused = [&](const std::string& query) {
    const Answer answer = get(query);
    return answer.status() + " " + answer.body;
  };
  EXPECT_THAT(refused("encoding=json&message={%7"),
              HasSubstr("400 {\"code\":\"invalid_argument\""));
  EXPECT_THAT(refused("encoding=json&message=a&message=b"), HasSubstr("'message' comes twice"));
  EXPECT_THAT(refused("encoding=proto&message=!&base64=1"), HasSubstr("message is not base64"));
  EXPECT_THAT(refused("encoding=json&message={}&connect=v2"), HasSubstr("connect 'v2' is not v1"));
  EXPECT_THAT(refused("encoding=xml&message={}"), HasSubstr("415 "));
  std::string many = "encoding=json&message={}";
  for (int i = 0; i < 100; ++i) many += "&p" + std::to_string(i);
  EXPECT_THAT(refused(many), HasSubstr("more than 64 parameters"));
  EXPECT_EQ(world_.notes().calls, 0);
}

TEST_F(EdgeGet, IsNotForMethodsWithSideEffects) {
  const Answer answer = world_.answer(
      world_.begin("/test.Notes/Write?encoding=json&message={}", "", {}, "GET", EndStream::Yes));
  EXPECT_EQ(answer.status(), "405");
  EXPECT_EQ(answer.field("allow"), "POST");
  EXPECT_THAT(answer.body, HasSubstr("NO_SIDE_EFFECTS"));
}

TEST_F(EdgeGet, WithoutAMessageIsNoCall) {
  EXPECT_EQ(get("encoding=json").status(), "405");
  EXPECT_THAT(world_.answer(world_.begin("/test.Notes/Echo", "", {}, "GET", EndStream::Yes)).body,
              HasSubstr("the parameters encoding and message; this is GET"));
}

}  // namespace
}  // namespace weft::edge
