// The document of OpenAPI, over HTTP/2 in virtual time. tests/edge/openapi_test.py holds it against
// the schema of OpenAPI.

#include "weft/edge/openapi/openapi.h"

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/edge/internal/test_edge.h"

#include "test_library.weft.h"

namespace weft::edge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Library final : public ::test::library::LibraryService {
  Task<Result<::test::library::Book>> Plain(ServerContext&,
                                            const ::test::library::Choice&) override {
    co_return ::test::library::Book();
  }
};

class ApiWorld : public World {
 public:
  explicit ApiWorld(OpenApi options = {}) {
    server().add<Library>();
    server().add(openapi(std::move(options)));
  }
  Answer ask(std::string method, std::string_view path = "/openapi.json") {
    return answer(begin(path, {}, {}, std::move(method), weft::testing::EndStream::Yes));
  }
  std::string document() { return ask("GET").body; }
};

/// The object behind `key` in a document: to the bracket that ends it.
std::string behind(const std::string& document, const std::string& key) {
  const std::size_t at = document.find("\"" + key + "\":{");
  if (at == std::string::npos) return "no " + key;
  const std::size_t begin = at + key.size() + 3;
  int depth = 0;
  for (std::size_t i = begin; i < document.size(); ++i) {
    if (document[i] == '{') ++depth;
    if (document[i] == '}' && --depth == 0) return document.substr(begin, i - begin + 1);
  }
  return "no end of " + key;
}

TEST(OpenApi, IsServedAtItsPath) {
  ApiWorld world({.title = "Books", .version = "7", .path = "/api"});
  const Answer answer = world.ask("GET", "/api?x");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_THAT(answer.body,
              ::testing::StartsWith(
                  R"({"openapi":"3.1.0","info":{"title":"Books","version":"7"},"tags":[)"));
  EXPECT_EQ(world.ask("HEAD", "/api").field("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(world.ask("PUT", "/api").field("allow"), "GET, HEAD");
}

TEST(OpenApi, PathsHaveAParameterForEachSegment) {
  ApiWorld world;
  const std::string document = world.document();
  const std::string item = behind(document, "/v1/shelves/{name_1}/books/{name_2}");
  EXPECT_THAT(item, HasSubstr(R"("get":{"operationId":"test.library.Library.GetBook")"));
  EXPECT_THAT(item, HasSubstr(R"("delete":{"operationId":"test.library.Library.DropBook")"));
  EXPECT_THAT(
      item,
      HasSubstr(
          R"({"name":"name_2","in":"path","required":true,"description":"A part of name, which is shelves/*/books/*","schema":{"type":"string"}})"));
  EXPECT_THAT(
      item,
      HasSubstr(
          R"({"name":"revision","in":"query","schema":{"type":"integer","format":"int32"}})"));
  // The same path for OpenAPI has the same names.
  EXPECT_THAT(item, HasSubstr(R"("put":{"operationId":"test.library.Library.SaveBook.2")"));
  EXPECT_THAT(document, HasSubstr(R"("/v1/files/{+name}":{)"));
  EXPECT_THAT(document, HasSubstr(R"("x-method-report":{)"));
}

TEST(OpenApi, AQueryHasTheFieldsThatAreLeft) {
  ApiWorld world;
  const std::string list = behind(world.document(), "/v1/shelves/{shelf}/books");
  EXPECT_THAT(list, HasSubstr(R"({"name":"pageSize","in":"query",)"));
  EXPECT_THAT(list, HasSubstr(R"({"name":"like.title","in":"query","schema":{"type":"string"}})"));
  EXPECT_THAT(
      list,
      HasSubstr(
          R"({"name":"ids","in":"query","schema":{"type":"array","items":{"type":"string","format":"int64"}}})"));
  // One level of what holds itself, no maps and no lists of messages.
  EXPECT_THAT(list, Not(HasSubstr("like.sequel")));
  EXPECT_THAT(list, Not(HasSubstr(R"("name":"labels")")));
  EXPECT_THAT(list, Not(HasSubstr(R"("name":"others")")));
}

TEST(OpenApi, StreamsHaveTheirForms) {
  ApiWorld world;
  const std::string document = world.document();
  const std::string book = R"({"schema":{"$ref":"#/components/schemas/test.library.Book"}})";
  const std::string watch = behind(document, "/v1/watch/{name}");
  EXPECT_THAT(watch, HasSubstr(R"("application/json":{"schema":{"type":"array","items":{"$ref")"));
  EXPECT_THAT(watch, HasSubstr(R"("application/x-ndjson":)" + book));
  EXPECT_THAT(watch, HasSubstr(R"("text/event-stream":)" + book));
  EXPECT_THAT(
      behind(document, "/v1/trade"),
      HasSubstr(
          R"("requestBody":{"description":"A line for each message","content":{"application/x-ndjson":)" +
          book));
  EXPECT_THAT(behind(document, "/v1/print"), HasSubstr(R"("*/*":{"schema":{}})"));
}

TEST(OpenApi, MessagesAreSchemas) {
  ApiWorld world;
  const std::string document = world.document();
  const std::string book = behind(document, "test.library.Book");
  EXPECT_THAT(book, HasSubstr(R"("sequel":{"$ref":"#/components/schemas/test.library.Book"})"));
  EXPECT_THAT(book,
              HasSubstr(R"("marks":{"type":"object","additionalProperties":{"type":"string"}})"));
  EXPECT_THAT(book, HasSubstr(R"("publishedAt":{"type":"string","format":"date-time"})"));
  const std::string asked = behind(document, "test.library.ListBooksRequest");
  EXPECT_THAT(asked, HasSubstr(R"("token":{"type":"string","contentEncoding":"base64"})"));
  EXPECT_THAT(asked, HasSubstr(R"("price":{"anyOf":[{"type":"number","format":"double"},)"
                               R"({"enum":["NaN","Infinity","-Infinity"]}]})"));
  EXPECT_THAT(
      asked,
      HasSubstr(R"("copies":{"anyOf":[{"type":"string","format":"int64"},{"type":"null"}]})"));
  EXPECT_EQ(behind(document, "test.library.Genre"), R"({"type":"string","enum":["ANY","NOVEL"]})");
  EXPECT_THAT(
      behind(document, "test.library.Choice"),
      HasSubstr(
          R"("allOf":[{"oneOf":[{"required":["text"]},{"required":["number"]},{"not":{"anyOf":[{"required":["text"]},{"required":["number"]}]}}]}])"));
}

TEST(OpenApi, NamesAndEnumsAreAsJsonWritesThem) {
  ApiWorld world({.json = {.declared_names = true, .enum_numbers = true}});
  const std::string document = world.document();
  EXPECT_THAT(behind(document, "test.library.Book"), HasSubstr(R"("published_at":)"));
  EXPECT_EQ(behind(document, "test.library.Genre"), R"({"type":"integer","enum":[0,1]})");
}

TEST(OpenApi, UnaryMethodsArePlainJson) {
  ApiWorld world;
  const std::string document = world.document();
  const std::string plain = behind(document, "/test.library.Library/Plain");
  EXPECT_THAT(plain, HasSubstr(R"("operationId":"test.library.Library.Plain.json")"));
  EXPECT_THAT(plain, HasSubstr(R"("default":{"$ref":"#/components/responses/ConnectError"})"));
  EXPECT_THAT(document, Not(HasSubstr("\"/test.library.Library/Watch\"")));
  ApiWorld rules({.methods = false});
  EXPECT_THAT(rules.document(), Not(HasSubstr("/test.library.Library/Plain")));
}

TEST(OpenApi, ErrorsAreGoogleRpcStatus) {
  ApiWorld world;
  const std::string document = world.document();
  EXPECT_THAT(behind(document, "/v1/pages/{name}"),
              HasSubstr(R"("default":{"$ref":"#/components/responses/Error"})"));
  EXPECT_THAT(behind(document, "Error"), HasSubstr("#/components/schemas/google.rpc.Status"));
  EXPECT_THAT(behind(document, "google.rpc.Status"), HasSubstr(R"("code":{"type":"integer")"));
}

/// The files of the test's service, with a comment at its first message.
std::string commented() {
  google::protobuf::FileDescriptorSet set;
  const auto* const file = ::test::library::Book::descriptor()->file();
  for (int i = 0; i < file->dependency_count(); ++i) {
    const auto* const needed = file->dependency(i);
    for (int j = 0; j < needed->dependency_count(); ++j) {
      needed->dependency(j)->CopyTo(set.add_file());
    }
    needed->CopyTo(set.add_file());
  }
  file->CopyTo(set.add_file());
  auto* const location = set.mutable_file()->rbegin()->mutable_source_code_info()->add_location();
  location->add_path(4);  // FileDescriptorProto.message_type
  location->add_path(0);
  for (const int at : {0, 0, 1}) location->add_span(at);
  location->set_leading_comments(" What is \"read\".\n  Often.\n");
  return set.SerializeAsString();
}

TEST(OpenApi, CommentsAreDescriptions) {
  ApiWorld world({.descriptors = commented()});
  EXPECT_THAT(
      behind(world.document(), "test.library.Book"),
      ::testing::StartsWith(R"({"type":"object","description":"What is \"read\".\n Often.")"));
}

Status started_with(OpenApi options) {
  weft::testing::InProcess world;
  world.add<Library>();
  world.server().add(openapi(std::move(options)));
  return world.server().start();
}

TEST(OpenApi, AServerDoesNotStartWithABadDocument) {
  const Status large = started_with({.max_size = 1000});
  EXPECT_EQ(large.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(large.message()), HasSubstr("the limit is 1000 (OpenApi::max_size)"));
  EXPECT_EQ(started_with({.descriptors = "\xff"}).message(),
            "OpenApi::descriptors is no google.protobuf.FileDescriptorSet");
}

}  // namespace
}  // namespace weft::edge::test
