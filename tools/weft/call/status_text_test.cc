#include "tools/weft/call/status_text.h"

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "weft/rpc/grpc/google_status.h"

#include "google/rpc/error_details.pb.h"

namespace weft::cli {
namespace {

std::string shown(const Status& status) { return status_text(status, nullptr, Style::plain()); }

TEST(StatusText, ShowsAPeersMessageOnOneLine) {
  const Status status(StatusCode::NotFound, "no\nOK: done\r\x1b[2J\u009b1m\u202e\u2028\x9b",
                      Origin::Peer);
  EXPECT_EQ(shown(status), "NOT_FOUND: no\\nOK: done\\r\\x1b[2J\\u009b1m\\u202e\\u2028\\x9b");
}

TEST(StatusText, KeepsTheLinesOfAMessageOfThisProcess) {
  EXPECT_EQ(shown(invalid_argument("line 1\n  ^\x1b")), "weft: line 1\n  ^\\x1b");
}

TEST(StatusText, ShowsDetailsThatCannotForgeALine) {
  google::rpc::ErrorInfo info;
  info.set_reason("a\nb\u202e\u009b");
  const Status status = with_detail(Status(StatusCode::Aborted, "no", Origin::Peer), info);
  EXPECT_EQ(shown(status),
            "ABORTED: no\n  google.rpc.ErrorInfo {\"reason\":\"a\\nb\\u202e\\u009b\"}");
}

TEST(StatusText, ShowsADetailsTypeWithoutForgedLines) {
  google::rpc::ErrorInfo info;
  Status status = with_detail(Status(StatusCode::Aborted, "no", Origin::Peer), info);
  std::string details(status.details());
  const std::string name = "google.rpc.ErrorInfo";
  details.replace(details.find(name), name.size(), "evil\n\u202e.rpc.ErrorIn");
  status = status.with_details(details);
  EXPECT_EQ(shown(status),
            "ABORTED: no\n  evil\\n\\u202e.rpc.ErrorIn (0 bytes of a type that is not known here)");
}

/// An Any in an Any, `depth` of them.
std::string nested_any(int depth) {
  google::protobuf::Any any;
  for (int i = 0; i < depth; ++i) {
    google::protobuf::Any outer;
    outer.PackFrom(any);
    any = std::move(outer);
  }
  return any.SerializeAsString();
}

TEST(StatusText, DoesNotFollowDetailsWithoutEnd) {
  google::protobuf::Any any;
  ASSERT_TRUE(any.ParseFromString(nested_any(1000)));
  const Status status = with_detail(Status(StatusCode::Aborted, "no", Origin::Peer), any);
  EXPECT_NE(shown(status).find("\"@value\":\""), std::string::npos) << shown(status);
}

}  // namespace
}  // namespace weft::cli
