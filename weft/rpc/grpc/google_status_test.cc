#include "weft/rpc/grpc/google_status.h"

#include <array>
#include <cstdlib>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft {
namespace {

google::protobuf::Duration duration(std::int64_t seconds) {
  google::protobuf::Duration message;
  message.set_seconds(seconds);
  return message;
}

TEST(GoogleStatus, IsWrittenAsProtobufWouldWriteIt) {
  const StatusDetail detail{.type_url = "x/pkg.T", .value = "\x08\x07"};
  EXPECT_EQ(write_google_status(StatusCode::NotFound, "gone", {&detail, 1}),
            std::string("\x08\x05\x12\x04gone\x1a\x0d\x0a\x07x/pkg.T\x12\x02\x08\x07", 23));
  EXPECT_EQ(write_google_status(StatusCode::Ok, "", {}), "");
}

TEST(GoogleStatus, ADetailIsAnAnyForProtobuf) {
  const Status status = with_detail(unavailable("later"), duration(7));
  const Result<GoogleStatus> read = read_google_status(status.details());
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  ASSERT_EQ(read->details.size(), 1U);
  google::protobuf::Any any;
  any.set_type_url(std::string(read->details[0].type_url));
  any.set_value(std::string(read->details[0].value));
  google::protobuf::Duration back;
  ASSERT_TRUE(any.UnpackTo(&back));
  EXPECT_EQ(back.seconds(), 7);
}

TEST(GoogleStatus, DetailsAreFoundByType) {
  google::protobuf::StringValue text;
  text.set_value("why");
  Status status = with_detail(unavailable("later"), duration(1));
  status = with_detail(status, text);
  status = with_detail(status, duration(2));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.message(), "later");
  ASSERT_TRUE(detail<google::protobuf::StringValue>(status).has_value());
  EXPECT_EQ(detail<google::protobuf::StringValue>(status)->value(), "why");
  EXPECT_EQ(detail<google::protobuf::Duration>(status)->seconds(), 1);
  EXPECT_EQ(detail<google::protobuf::Int32Value>(status), std::nullopt);
  const Result<GoogleStatus> read = read_google_status(status.details());
  EXPECT_EQ(read->code, 14);
  EXPECT_EQ(read->message, "later");
  EXPECT_EQ(read->details.size(), 3U);
}

TEST(GoogleStatus, AnEmptyDetailIsOne) {
  const Status status = with_detail(aborted("x"), google::protobuf::StringValue());
  ASSERT_TRUE(detail<google::protobuf::StringValue>(status).has_value());
}

TEST(GoogleStatus, OkCarriesNoDetails) {
  const Status status = with_detail(ok_status(), duration(1));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(detail<google::protobuf::Duration>(status), std::nullopt);
}

TEST(GoogleStatus, ADetailThatDoesNotParseIsNone) {
  const StatusDetail broken{.type_url = "any.host/google.protobuf.StringValue",
                            .value = "\x0a\x7f"};
  const Status status = internal_error("x").with_details(
      write_google_status(StatusCode::Internal, "x", {&broken, 1}));
  EXPECT_EQ(detail<google::protobuf::StringValue>(status), std::nullopt);
}

TEST(GoogleStatus, UnknownFieldsArePassedOver) {
  const std::string_view bytes(
      "\x20\x01"                                       // 4: varint
      "\x29\1\2\3\4\5\6\7\x08"                         // 5: fixed64
      "\x35\1\2\3\4"                                   // 6: fixed32
      "\x3a\x01z"                                      // 7: delimited
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // 1: -1
      30);
  const Result<GoogleStatus> read = read_google_status(bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->code, -1);
  EXPECT_TRUE(read->details.empty());
}

TEST(GoogleStatus, BrokenBytesNameThePosition) {
  struct Case {
    std::string_view bytes;
    std::string_view message;
  };
  const Case cases[] = {
      {"\x08", "bytes are not a google.rpc.Status: broken at 1 of 1"},
      {"\x12\x05hell", "bytes are not a google.rpc.Status: broken at 2 of 6"},
      {"\x0b", "bytes are not a google.rpc.Status: broken at 1 of 1"},
      {"\x1a\x02\x0a\x05", "bytes are not a google.protobuf.Any: broken at 2 of 2"},
      {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
       "bytes are not a google.rpc.Status: broken at 10 of 11"},
  };
  for (const Case& c : cases) {
    const Result<GoogleStatus> read = read_google_status(c.bytes);
    EXPECT_EQ(read.status().code(), StatusCode::InvalidArgument);
    EXPECT_EQ(read.status().message(), c.message);
  }
}

TEST(GoogleStatus, ARetryDelayComesBackAsItWas) {
  using namespace std::chrono_literals;
  for (const Duration delay : {Duration(0), Duration(1), Duration(999'999'999), Duration(1s),
                               Duration(1234567ms), Duration(24h * 365)}) {
    const Status status = with_retry_delay(resource_exhausted("too much"), delay);
    EXPECT_EQ(status, resource_exhausted("too much"));
    EXPECT_EQ(retry_delay(status), delay);
  }
  EXPECT_EQ(retry_delay(with_retry_delay(unavailable("x"), -1s)), 0ns);
  EXPECT_EQ(retry_delay(resource_exhausted("too much")), std::nullopt);
  EXPECT_TRUE(with_retry_delay(Status(), 1s).ok());
}

TEST(GoogleStatus, ARetryDelayIsWrittenAsGoogleRpcRetryInfo) {
  using namespace std::chrono_literals;
  const Status status = with_retry_delay(unavailable("x"), 1500ms);
  const Result<GoogleStatus> read = read_google_status(status.details());
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->details.size(), 1U);
  EXPECT_EQ(read->details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
  // retry_delay = 1 of 8 bytes: seconds = 1, nanos = 500000000.
  EXPECT_EQ(read->details[0].value, "\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
}

TEST(GoogleStatus, RandomBytesNeverCrash) {
  const char* text = std::getenv("WEFT_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20260105;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (int round = 0; round < 20000; ++round) {
    const std::array<StatusDetail, 2> details = {StatusDetail{"a/b", "c"}, StatusDetail{"d", "e"}};
    std::string bytes = write_google_status(StatusCode::Internal, "message", details);
    for (std::size_t n = rng.below(5); n > 0; --n) {
      bytes[rng.below(bytes.size())] = static_cast<char>(rng());
    }
    const std::string copy(bytes.substr(0, rng.below(bytes.size() + 1)));
    const Status status = internal_error("x").with_details(copy);
    (void)detail<google::protobuf::Duration>(status);
    (void)retry_delay(status);
  }
}

}  // namespace
}  // namespace weft
