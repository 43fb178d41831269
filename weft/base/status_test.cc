#include "weft/base/status.h"

#include <climits>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "weft/base/status_code_set.h"

namespace weft {
namespace {

TEST(Status, IsOkByDefaultAndHasNoMessage) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::Ok);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.to_string(), "OK");
}

TEST(Status, CarriesCodeMessageAndOrigin) {
  const Status status(StatusCode::NotFound, "no such key", Origin::Peer);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::NotFound);
  EXPECT_EQ(status.message(), "no such key");
  EXPECT_EQ(status.origin(), Origin::Peer);
  EXPECT_EQ(status.to_string(), "NOT_FOUND: no such key");
}

TEST(Status, WithCodeOkDropsItsMessage) {
  const Status status(StatusCode::Ok, "ignored");
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.message(), "");
}

TEST(Status, NamesEveryCodeAsGrpcDoes) {
  EXPECT_EQ(name_of(StatusCode::Ok), "OK");
  EXPECT_EQ(name_of(StatusCode::Cancelled), "CANCELLED");
  EXPECT_EQ(name_of(StatusCode::DeadlineExceeded), "DEADLINE_EXCEEDED");
  EXPECT_EQ(name_of(StatusCode::Unauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(name_of(static_cast<StatusCode>(17)), "UNKNOWN");
}

TEST(Status, ANumberThatIsNoCodeIsUnknownAndNamed) {
  for (const int number : {17, 26, 256, 272, -1, -256, INT_MAX, INT_MIN}) {
    const Status status(static_cast<StatusCode>(number), "why");
    EXPECT_EQ(status.code(), StatusCode::Unknown) << number;
    EXPECT_EQ(status.message(), "status code " + std::to_string(number) + ", which is none: why");
  }
  EXPECT_EQ(Status(static_cast<StatusCode>(99), "").message(), "status code 99, which is none");
}

TEST(StatusCodeSet, HasNoNumbersThatAreNoCodes) {
  StatusCodeSet set{static_cast<StatusCode>(17), static_cast<StatusCode>(-1)};
  EXPECT_TRUE(set.empty());
  set.add(StatusCode::Unauthenticated);
  EXPECT_FALSE(set.contains(static_cast<StatusCode>(48)));
  EXPECT_TRUE(set.contains(StatusCode::Unauthenticated));
}

TEST(Status, FactoriesGiveTheCodeTheyAreNamedFor) {
  EXPECT_EQ(cancelled("x").code(), StatusCode::Cancelled);
  EXPECT_EQ(unknown_error("x").code(), StatusCode::Unknown);
  EXPECT_EQ(invalid_argument("x").code(), StatusCode::InvalidArgument);
  EXPECT_EQ(deadline_exceeded("x").code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(not_found("x").code(), StatusCode::NotFound);
  EXPECT_EQ(already_exists("x").code(), StatusCode::AlreadyExists);
  EXPECT_EQ(permission_denied("x").code(), StatusCode::PermissionDenied);
  EXPECT_EQ(resource_exhausted("x").code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(failed_precondition("x").code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(aborted("x").code(), StatusCode::Aborted);
  EXPECT_EQ(out_of_range("x").code(), StatusCode::OutOfRange);
  EXPECT_EQ(unimplemented("x").code(), StatusCode::Unimplemented);
  EXPECT_EQ(internal_error("x").code(), StatusCode::Internal);
  EXPECT_EQ(unavailable("x").code(), StatusCode::Unavailable);
  EXPECT_EQ(data_loss("x").code(), StatusCode::DataLoss);
  EXPECT_EQ(unauthenticated("x").code(), StatusCode::Unauthenticated);
}

TEST(Status, ACopySharesTheRecordAndOutlivesTheOriginal) {
  Status copy;
  {
    const Status original = aborted("conflict");
    copy = original;
    EXPECT_EQ(copy.message().data(), original.message().data());
  }
  EXPECT_EQ(copy.message(), "conflict");
}

TEST(Status, AssignmentToItselfKeepsIt) {
  Status status = aborted("conflict");
  Status& alias = status;
  status = alias;
  EXPECT_EQ(status.message(), "conflict");
  status = std::move(alias);
  EXPECT_EQ(status.message(), "conflict");
}

TEST(Status, ChangedCopiesKeepTheOtherParts) {
  const Status status = Status(StatusCode::Unavailable, "refused", Origin::Transport)
                            .with_details("bytes")
                            .with_prefix("127.0.0.1:80");
  EXPECT_EQ(status.message(), "127.0.0.1:80: refused");
  EXPECT_EQ(status.details(), "bytes");
  EXPECT_EQ(status.origin(), Origin::Transport);
  EXPECT_EQ(status.with_origin(Origin::Peer).origin(), Origin::Peer);
  EXPECT_EQ(status.with_origin(Origin::Peer).details(), "bytes");
}

TEST(Status, AnOkStatusStaysOkWhateverIsAddedToIt) {
  EXPECT_TRUE(Status().with_details("x").ok());
  EXPECT_TRUE(Status().with_prefix("x").ok());
  EXPECT_TRUE(Status().with_origin(Origin::Peer).ok());
}

TEST(Status, ComparesCodeAndMessage) {
  EXPECT_EQ(aborted("x"), aborted("x"));
  EXPECT_NE(aborted("x"), aborted("y"));
  EXPECT_NE(aborted("x"), internal_error("x"));
  EXPECT_EQ(Status(), ok_status());
}

TEST(Status, IsPrintedByTests) {
  EXPECT_EQ(::testing::PrintToString(StatusCode::DeadlineExceeded), "DEADLINE_EXCEEDED");
  EXPECT_EQ(::testing::PrintToString(Origin::Peer), "peer");
  EXPECT_EQ(::testing::PrintToString(not_found("x")), "NOT_FOUND: x");
  EXPECT_EQ(::testing::PrintToString(Status()), "OK");
}

TEST(Status, MayBeCopiedAndDroppedByManyThreads) {
  const Status status = aborted("shared");
  const auto churn = [&status] {
    for (int i = 0; i < 1000; ++i) {
      const Status copy = status;
      ASSERT_EQ(copy.message(), "shared");
    }
  };
  std::thread other(churn);
  churn();
  other.join();
}

}  // namespace
}  // namespace weft
