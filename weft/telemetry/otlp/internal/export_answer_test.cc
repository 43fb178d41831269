#include "weft/telemetry/otlp/internal/export_answer.h"

#include <string>

#include <gtest/gtest.h>

#include "weft/rpc/grpc/google_status.h"

#include "otlp_read.pb.h"

namespace weft::telemetry::internal {
namespace {

using namespace std::chrono_literals;
using Kind = ExportAnswer::Kind;

TEST(ExportAnswerTest, ReadsAPartialSuccess) {
  otlp_read::TraceResponse response;
  response.mutable_partial_success()->set_rejected_spans(7);
  response.mutable_partial_success()->set_error_message("too old");
  const ExportAnswer answer = read_success(response.SerializeAsString());
  EXPECT_EQ(answer.kind, Kind::Taken);
  EXPECT_EQ(answer.rejected, 7U);
  EXPECT_EQ(answer.reason, "too old");
}

TEST(ExportAnswerTest, NonsenseIsSuccess) {
  for (const std::string body : {"", "<html>", "\x0a\xff\xff\xff\xff\xff", "\x0a\x02\x08"}) {
    const ExportAnswer answer = read_success(body);
    EXPECT_EQ(answer.kind, Kind::Taken);
    EXPECT_EQ(answer.rejected, 0U);
  }
}

TEST(ExportAnswerTest, ANegativeNumberMeansNothing) {
  otlp_read::TraceResponse response;
  response.mutable_partial_success()->set_rejected_spans(-1);
  EXPECT_EQ(read_success(response.SerializeAsString()).rejected, 0U);
}

TEST(ExportAnswerTest, ALongReasonIsCut) {
  otlp_read::TraceResponse response;
  response.mutable_partial_success()->set_error_message(std::string(100'000, 'x'));
  EXPECT_LT(read_success(response.SerializeAsString()).reason.size(), 512U);
}

TEST(ExportAnswerTest, SomeCodesMayBeRepeated) {
  EXPECT_EQ(answer_of(unavailable("away")).kind, Kind::TryLater);
  EXPECT_EQ(answer_of(deadline_exceeded("late")).kind, Kind::TryLater);
  EXPECT_EQ(answer_of(invalid_argument("bad")).kind, Kind::Refused);
  EXPECT_EQ(answer_of(permission_denied("no")).kind, Kind::Refused);
}

TEST(ExportAnswerTest, ExhaustedIsRepeatedOnlyWithATime) {
  EXPECT_EQ(answer_of(resource_exhausted("full")).kind, Kind::Refused);
  const ExportAnswer answer = answer_of(with_retry_delay(resource_exhausted("full"), 3s));
  EXPECT_EQ(answer.kind, Kind::TryLater);
  EXPECT_EQ(answer.wait, 3s);
}

TEST(ExportAnswerTest, FourHttpCodesMayBeRepeated) {
  for (const int code : {429, 502, 503, 504}) EXPECT_TRUE(may_repeat(code));
  for (const int code : {400, 401, 404, 413, 500, 501}) EXPECT_FALSE(may_repeat(code));
}

}  // namespace
}  // namespace weft::telemetry::internal
