#include "weft/edge/rest/outgoing_call.h"

#include <limits>

#include <gmock/gmock.h>

#include "weft/codec/schema/tables.h"

#include "test_library.pb.h"

namespace weft::edge {
namespace {

using ::test::library::BookList;
using ::test::library::GetBookRequest;
using ::test::library::ListBooksRequest;
using ::test::library::SaveBookRequest;
using ::test::library::UploadRequest;
using ::testing::HasSubstr;

Result<OutgoingCall> call(const std::string& method, const google::protobuf::Message& message) {
  const auto* const service = BookList::descriptor()->file()->FindServiceByName("Library");
  return outgoing_call(*service->FindMethodByName(method), message, codec::Tables::generated());
}

std::string target(const std::string& method, const google::protobuf::Message& message) {
  const Result<OutgoingCall> made = call(method, message);
  return made.ok() ? made->method + " " + made->target : std::string(made.status().message());
}

GetBookRequest named(const std::string& name) {
  GetBookRequest request;
  request.set_name(name);
  return request;
}

TEST(OutgoingCall, PutsVariablesInThePathAndEscapesThem) {
  EXPECT_EQ(target("DropBook", named("shelves/a b/books/50%?")),
            "DELETE /v1/shelves/a%20b/books/50%25%3F");
  EXPECT_EQ(target("Page", named("a/b:c")), "GET /v1/pages/a%2Fb%3Ac");
}

TEST(OutgoingCall, TakesTheFirstRuleThatHasAForm) {
  GetBookRequest request = named("7/8");
  request.set_revision(3);
  EXPECT_EQ(target("GetBook", request), "GET /v1/books/7%2F8/at/3");
}

TEST(OutgoingCall, SaysWhatDoesNotFitThePath) {
  EXPECT_THAT(target("DropBook", named("")), HasSubstr("the field name, ''"));
  EXPECT_THAT(target("DropBook", named("shelves/1/books")), HasSubstr("does not fit its place"));
  EXPECT_THAT(target("DropBook", named("shelves/1/books/2/3")), HasSubstr("does not fit"));
  EXPECT_THAT(target("DropBook", named("shelves/../books/2")), HasSubstr("does not fit"));
  EXPECT_THAT(target("Page", named("..")), HasSubstr("does not fit"));
}

TEST(OutgoingCall, WritesEveryKindOfFieldInTheQuery) {
  ListBooksRequest request;
  request.set_shelf("s");
  request.add_genres(::test::library::NOVEL);
  request.add_genres(static_cast<::test::library::Genre>(9));
  request.add_ids(-5);
  request.set_deep(true);
  request.set_token("\xfb\xff");
  request.set_price(0.1);
  request.mutable_since()->set_seconds(1);
  request.mutable_within()->set_seconds(2);
  request.mutable_mask()->add_paths("book.name");
  request.mutable_lent()->set_value(false);
  request.mutable_copies()->set_value(12);
  request.mutable_like()->set_title("a&b=c");
  EXPECT_EQ(target("ListBooks", request),
            "GET /v1/shelves/s/books?genres=NOVEL&genres=9&ids=-5&deep=true&token=%2B%2F8&price=0.1"
            "&since=1970-01-01T00%3A00%3A01Z&within=2s&mask=book.name&lent=false&copies=12"
            "&like.title=a%26b%3Dc");
  request.Clear();
  request.set_shelf("s");
  request.set_price(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(target("ListBooks", request), "GET /v1/shelves/s/books?price=-Infinity");
}

TEST(OutgoingCall, SaysWhatAQueryHasNoFormFor) {
  ListBooksRequest request;
  request.set_shelf("s");
  request.add_others();
  EXPECT_THAT(target("ListBooks", request), HasSubstr("the field others: it is a message"));
  request.clear_others();
  request.mutable_like();
  EXPECT_THAT(target("ListBooks", request), HasSubstr("the field like is an empty message"));
}

TEST(OutgoingCall, HasTheBodyThatTheRuleNames) {
  SaveBookRequest request;
  request.set_shelf("1");
  request.set_dry(true);
  request.mutable_book()->set_title("Knots");
  const Result<OutgoingCall> save = call("SaveBook", request);
  ASSERT_TRUE(save.ok()) << save.status().to_string();
  EXPECT_EQ(save->target, "/v1/shelves/1/books?dry=true");
  EXPECT_EQ(save->content_type, "application/json");
  EXPECT_EQ(save->content, R"({"title":"Knots"})");
  request.clear_shelf();
  request.mutable_book()->set_name("shelves/1/books/2");
  const Result<OutgoingCall> whole = call("SaveBook", request);
  ASSERT_TRUE(whole.ok()) << whole.status().to_string();
  EXPECT_EQ(whole->method + whole->target, "PUT/v1/shelves/1/books/2");
  EXPECT_EQ(whole->content, R"({"book":{"title":"Knots"},"dry":true})");
}

TEST(OutgoingCall, WritesABodyThatIsAListOrMissing) {
  ListBooksRequest request;
  request.add_ids(1);
  request.add_ids(2);
  const Result<OutgoingCall> ids = call("ListBooks", request);
  ASSERT_TRUE(ids.ok()) << ids.status().to_string();
  EXPECT_EQ(ids->target, "/v1/shelves:ids");
  EXPECT_EQ(ids->content, R"(["1","2"])");
  request.Clear();
  EXPECT_EQ(call("ListBooks", request)->content, "[]");
}

TEST(OutgoingCall, SendsAnHttpBodyAsItIs) {
  UploadRequest request;
  request.mutable_file()->set_content_type("image/png");
  request.mutable_file()->set_data(std::string("\0\x01", 2));
  request.set_name("a/b");
  const Result<OutgoingCall> upload = call("Upload", request);
  ASSERT_TRUE(upload.ok()) << upload.status().to_string();
  EXPECT_EQ(upload->target, "/v1/files/a/b");
  EXPECT_EQ(upload->content_type, "image/png");
  EXPECT_EQ(upload->content, std::string("\0\x01", 2));
}

}  // namespace
}  // namespace weft::edge
