// Methods that are called as google.api.http says, over HTTP/2 in virtual time.

#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "weft/edge/internal/test_edge.h"

#include "test_library.weft.h"
#include "test_wrong.weft.h"

namespace weft::edge::test {
namespace {

using google::api::HttpBody;
using google::protobuf::Empty;
using ::test::library::Book;
using ::test::library::BookList;
using ::test::library::GetBookRequest;
using ::test::library::ListBooksRequest;
using ::test::library::SaveBookRequest;
using ::test::library::UploadRequest;
using ::testing::HasSubstr;

constexpr std::string_view kJson = "application/json";

/// Answers with what it is asked.
class Library final : public ::test::library::LibraryService {
  Task<Result<Book>> GetBook(ServerContext& context, const GetBookRequest& request) override {
    if (request.name() == "shelves/1/books/none") {
      co_return with_detail(not_found("no such book"), request);
    }
    context.response_metadata().add("x-head", "a");
    context.trailers().add("x-tail", "b");
    Book book;
    book.set_name(request.name());
    book.set_pages(request.revision());
    book.set_title("A \"title\"");
    co_return book;
  }
  Task<Result<BookList>> ListBooks(ServerContext&, const ListBooksRequest& request) override {
    BookList list;
    if (request.shelf() != "empty") {
      *list.mutable_asked() = request;
      list.add_books()->set_name("one");
      list.add_books()->set_name("two");
      (*list.mutable_counts())["a"] = 1;
    }
    co_return list;
  }
  Task<Result<SaveBookRequest>> SaveBook(ServerContext&, const SaveBookRequest& request) override {
    co_return request;
  }
  Task<Result<Empty>> DropBook(ServerContext&, const GetBookRequest&) override {
    co_return Empty();
  }
  Task<Result<HttpBody>> Upload(ServerContext&, const UploadRequest& request) override {
    HttpBody body = request.file();
    body.set_data(request.name() + "=" + body.data());
    co_return body;
  }
  Task<Result<HttpBody>> Page(ServerContext&, const GetBookRequest& request) override {
    HttpBody body;
    body.set_content_type(request.name() == "bad" ? "a\nb" : "text/html");
    body.set_data("<p>" + request.name());
    co_return body;
  }
};

class RestWorld : public World {
 public:
  explicit RestWorld(ServerOptions server = {}, Options options = {})
      : World(server, std::move(options)) {
    this->server().add<Library>();
  }
  Answer ask(std::string method, std::string_view path, std::string_view body = {},
             std::string_view type = kJson, const weft::testing::Fields& more = {}) {
    const auto end = body.empty() ? weft::testing::EndStream::Yes : weft::testing::EndStream::No;
    const std::uint32_t stream =
        begin(path, body.empty() ? std::string_view() : type, more, std::move(method), end);
    if (!body.empty()) send(stream, body);
    return answer(stream);
  }
  Answer get(std::string_view path) { return ask("GET", path); }
  /// What a query becomes.
  std::string asked(std::string_view query) {
    const Answer answer = get("/v1/shelves/s/books?" + std::string(query));
    if (answer.status() != "200") return answer.status() + " " + answer.body;
    const std::string_view body = answer.body;
    const std::size_t at = body.find("\"asked\":{\"shelf\":\"s\"");
    if (at == std::string_view::npos) return answer.body;
    return std::string(body.substr(at + 20, body.size() - at - 22));
  }
};

TEST(Rest, APathHasFieldsOfTheRequest) {
  RestWorld world;
  const Answer answer = world.get("/v1/shelves/1/books/a%2Fb");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), kJson);
  EXPECT_EQ(answer.body, R"({"name":"shelves/1/books/a%2Fb","title":"A \"title\""})");
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_EQ(answer.field("trailer-x-tail"), "b");
  EXPECT_EQ(world.get("/v1/books/a%2Fb%20c/at/7").body,
            R"({"name":"a/b c","title":"A \"title\"","pages":"7"})");
}

TEST(Rest, AResponseMayBeOneField) {
  RestWorld world;
  EXPECT_EQ(world.get("/v1/title/x").body, R"("A \"title\"")");
  EXPECT_EQ(world.get("/v1/shelves/s/books:plain").body, R"([{"name":"one"},{"name":"two"}])");
  EXPECT_EQ(world.get("/v1/shelves/empty/books:plain").body, "[]");
  EXPECT_EQ(world.get("/v1/shelves/s/books:counts").body, R"({"a":1})");
}

TEST(Rest, AQueryHasWhatThePathHasNot) {
  RestWorld world;
  EXPECT_EQ(
      world.asked("page_size=5&pageSize"),
      R"(400 {"code":3,"message":"the parameter 'pageSize': it comes twice, and is no list"})");
  EXPECT_EQ(world.asked("pageSize=5"), R"(,"pageSize":5)");
  EXPECT_EQ(world.asked("genres=NOVEL&genres=0&ids=1&ids=-2"),
            R"(,"genres":["NOVEL","ANY"],"ids":["1","-2"])");
  EXPECT_EQ(world.asked("deep=true&token=-_8=&price=1.5"),
            R"(,"deep":true,"token":"+/8=","price":1.5)");
  EXPECT_EQ(world.asked("since=2026-01-02T03:04:05Z&within=1.5s"),
            R"(,"since":"2026-01-02T03:04:05Z","within":"1.500s")");
  EXPECT_EQ(world.asked("mask=title,nextBook.a_b"), R"(,"mask":"title,nextBook.aB")");
  EXPECT_EQ(world.asked("lent=false&copies=3"), R"(,"lent":false,"copies":"3")");
  EXPECT_EQ(world.asked("like.title=a+b%26&like.sequel.genre=1&like.authors=x&like.authors=y"),
            R"(,"like":{"title":"a b&","authors":["x","y"],"sequel":{"genre":"NOVEL"}})");
}

TEST(Rest, AWrongParameterIsNamed) {
  RestWorld world;
  EXPECT_EQ(
      world.asked("colour=red"),
      R"(400 {"code":3,"message":"the parameter 'colour': there is no field 'colour' in test.library.ListBooksRequest"})");
  EXPECT_THAT(world.asked("pageSize=x"), HasSubstr("the parameter 'pageSize': "));
  EXPECT_THAT(world.asked("pageSize="), HasSubstr("the parameter 'pageSize': "));
  EXPECT_THAT(world.asked("pageSize=9999999999"), HasSubstr("2147483647"));
  EXPECT_THAT(world.asked("genres=POEM"), HasSubstr("the parameter 'genres': "));
  EXPECT_THAT(world.asked("deep=1"), HasSubstr("the parameter 'deep': "));
  EXPECT_THAT(world.asked("shelf=t"), HasSubstr("the parameter 'shelf': it is in the path"));
  EXPECT_THAT(world.asked("like=x"), HasSubstr("it is a message, which a query has no form for"));
  EXPECT_THAT(world.asked("others.title=x"), HasSubstr("is no single message"));
  EXPECT_THAT(world.asked("labels=x"), HasSubstr("it is a map"));
  EXPECT_THAT(world.asked("shelf.x=t"), HasSubstr("is no single message"));
  EXPECT_THAT(world.asked("mask=a%20b"), HasSubstr("'a b' is no path of fields"));
  EXPECT_THAT(world.asked("like.title=%ff"), HasSubstr("it is not UTF-8"));
  EXPECT_THAT(world.asked("a=%2"), HasSubstr("two hexadecimal digits"));
}

TEST(Rest, ParametersAreBounded) {
  RestWorld world;
  std::string query = "ids=1";
  for (int i = 1; i < 256; ++i) query += "&ids=1";
  EXPECT_THAT(world.asked(query), HasSubstr("\"ids\":[\"1\""));
  EXPECT_THAT(world.asked(query + "&ids=1"), HasSubstr("more than 256 parameters"));
  std::string deep = "like";
  for (int i = 0; i < 40; ++i) deep += ".sequel";
  EXPECT_THAT(world.asked(deep + ".title=x"), HasSubstr("lies deeper than 32"));
}

TEST(Rest, TheContentIsAFieldOrTheRequest) {
  RestWorld world;
  EXPECT_EQ(
      world.ask("POST", "/v1/shelves/s/books?dry=true&updateMask=title", R"({"title": "t"})").body,
      R"({"shelf":"s","book":{"title":"t"},"dry":true,"updateMask":"title"})");
  // The path counts where the content says something else.
  EXPECT_EQ(world
                .ask("PUT", "/v1/shelves/1/books/2",
                     R"({"shelf": "s", "book": {"name": "other", "pages": 3}})")
                .body,
            R"({"shelf":"s","book":{"name":"shelves/1/books/2","pages":"3"}})");
  EXPECT_THAT(world.ask("POST", "/v1/shelves:ids", "[3, 4]").body,
              HasSubstr(R"("asked":{"ids":["3","4"]})"));
  EXPECT_THAT(world.ask("POST", "/v1/since/2026-01-02T03:04:05Z", R"({"a": "b"})").body,
              HasSubstr(R"("since":"2026-01-02T03:04:05Z","labels":{"a":"b"})"));
  EXPECT_EQ(world.ask("PUT", "/v1/shelves/1/books/2").body,
            R"({"book":{"name":"shelves/1/books/2"}})");
}

/// The mask that a PATCH of a book has.
std::string mask_of(RestWorld& world, std::string_view book, std::string_view query = {}) {
  const Answer answer = world.ask("PATCH", "/v1/shelves/s/book" + std::string(query), book);
  const std::size_t at = answer.body.find("\"updateMask\":");
  return at == std::string::npos ? answer.body : answer.body.substr(at + 13);
}

TEST(Rest, APatchHasTheMaskOfItsContent) {
  RestWorld world;
  EXPECT_EQ(mask_of(world, R"({"title": "t", "pages": null, "genre": 0, "authors": ["a, b"]})"),
            R"("title,pages,genre,authors"})");
  EXPECT_EQ(
      mask_of(world,
              "\xef\xbb\xbf { \"sequel\" : {\"title\":\"}\\\"\",\"sequel\":{ }} ,\"pages\":1 } "),
      R"("sequel.title,sequel.sequel,pages"})");
  EXPECT_EQ(mask_of(world, R"({"marks":{"a":"{"},"publishedAt":"2026-01-02T03:04:05Z"})"),
            R"("marks,publishedAt"})");
  EXPECT_EQ(mask_of(world, R"({"published_at":null, "\u0074itle":""})"), R"("publishedAt,title"})");
  EXPECT_EQ(mask_of(world, "{}"), R"(""})");
}

TEST(Rest, APatchByNullNeedsAMask) {
  RestWorld world;
  for (const char* content : {"null", " null ", "\xef\xbb\xbfnull"}) {
    const Answer answer = world.ask("PATCH", "/v1/shelves/s/book", content);
    EXPECT_EQ(answer.status(), "400");
    EXPECT_THAT(answer.body, HasSubstr("the content is null, which names no fields to change: "
                                       "send the update_mask"));
  }
  EXPECT_EQ(mask_of(world, "null", "?update_mask=title"), R"("title"})");
}

TEST(Rest, AMaskThatTheClientSendsCounts) {
  RestWorld world;
  EXPECT_EQ(mask_of(world, R"({"title": "t"})", "?update_mask=pages"), R"("pages"})");
  EXPECT_EQ(mask_of(world, R"({"title": "t"})", "?updateMask="), R"(""})");
  // Nothing says that a field of the whole request is one to be changed.
  EXPECT_EQ(world.ask("PATCH", "/v1/whole/s", R"({"dry": true})").body,
            R"({"shelf":"s","dry":true})");
}

TEST(Rest, AMaskIsBounded) {
  RestWorld world;
  std::string book = R"({"title":"","pages":0})";
  // Each message has two more, so the paths are many more than the levels.
  for (int i = 0; i < 11; ++i) book = R"({"sequel":)" + book + R"(,"prequel":)" + book + "}";
  EXPECT_EQ(
      mask_of(world, book),
      R"({"code":3,"message":"the content has more fields than a mask of 65536 bytes can name: send the update_mask"})");
}

TEST(Rest, WrongContentIsRefused) {
  RestWorld world;
  const Answer broken = world.ask("POST", "/v1/shelves/s/books", R"({"title": 5})");
  EXPECT_EQ(broken.status(), "400");
  EXPECT_THAT(broken.body, HasSubstr("field book.title: "));
  EXPECT_EQ(world.ask("POST", "/v1/shelves:ids", R"([1], "deep": true)").status(), "400");
  const Answer form =
      world.ask("POST", "/v1/shelves/s/books", "title=x", "application/x-www-form-urlencoded");
  EXPECT_EQ(form.status(), "415");
  EXPECT_EQ(form.field("accept-post"), kJson);
  EXPECT_EQ(
      world.ask("POST", "/v1/shelves/s/books", "{}", "application/merge-patch+json; a=b").status(),
      "200");
  EXPECT_THAT(world.ask("PUT", "/v1/shelves/1/books/2?dry=true", "{}").body,
              HasSubstr("the parameter 'dry': all fields are in the content"));
  EXPECT_THAT(world.ask("POST", "/v1/shelves/s/books?book.title=x", "{}").body,
              HasSubstr("the parameter 'book.title': it is in the content"));
  EXPECT_THAT(world.ask("DELETE", "/v1/shelves/1/books/2", "{}").body,
              HasSubstr("the path takes no content"));
}

TEST(Rest, ContentIsBounded) {
  RestWorld world({.max_receive_size = 1000});
  const Answer answer =
      world.ask("POST", "/v1/shelves/s/books", "{\"title\":\"" + std::string(1000, 'x') + "\"}");
  EXPECT_EQ(answer.status(), "429");
  EXPECT_THAT(answer.body, HasSubstr("{\"code\":8,"));
}

TEST(Rest, ErrorsAreGoogleRpcStatus) {
  RestWorld world;
  const Answer answer = world.get("/v1/shelves/1/books/none");
  EXPECT_EQ(answer.status(), "404");
  EXPECT_EQ(answer.field("content-type"), kJson);
  EXPECT_EQ(
      answer.body,
      R"({"code":5,"message":"no such book","details":[{"@type":"type.googleapis.com/test.library.GetBookRequest","name":"shelves/1/books/none"}]})");
  EXPECT_EQ(world.get("/v1/books/a/at/x").status(), "400");
  EXPECT_THAT(world.get("/v1/books/a/at/x").body, HasSubstr("the field revision in the path: "));
  EXPECT_EQ(world.get("/v1/shelves/%ff/books/b").status(), "400");
}

TEST(Rest, UnknownPathsAndMethods) {
  RestWorld world;
  const Answer unknown = world.get("/v1/nothing/here");
  EXPECT_EQ(unknown.status(), "404");
  EXPECT_THAT(unknown.body,
              HasSubstr(R"({"code":5,"message":"no method of this server has the path)"));
  EXPECT_EQ(world.ask("POST", "/v1/unknown", "{}").status(), "404");
  const Answer wrong = world.ask("PATCH", "/v1/shelves/1/books/2", "{}");
  EXPECT_EQ(wrong.status(), "405");
  EXPECT_EQ(wrong.field("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(world.get("/v1/shelves/../books/2").status(), "400");
  EXPECT_EQ(world.get("/v1//x").status(), "400");
  // Others may have what begins otherwise.
  EXPECT_EQ(world.get("/v2/shelves").status(), "405");
}

TEST(Rest, HeadAndOptions) {
  RestWorld world;
  const Answer head = world.ask("HEAD", "/v1/shelves/1/books/2");
  EXPECT_EQ(head.status(), "200");
  EXPECT_EQ(head.field("content-length"), "50");
  EXPECT_EQ(head.body, "");
  const Answer options = world.ask("OPTIONS", "/v1/shelves/1/books/2");
  EXPECT_EQ(options.status(), "204");
  EXPECT_EQ(options.field("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
  EXPECT_EQ(world.ask("OPTIONS", "/v1/nothing/at/all").status(), "404");
  EXPECT_EQ(world.ask("REPORT", "/v1/report?dry=true").body, R"({"dry":true})");
}

TEST(Rest, PagesOfOtherOriginsMayCall) {
  RestWorld world({}, {.cors = {.origins = {"http://page"}}});
  const Answer preflight =
      world.ask("OPTIONS", "/v1/shelves/1/books/2", {}, {},
                {{"origin", "http://page"}, {"access-control-request-method", "PUT"}});
  EXPECT_EQ(preflight.status(), "204");
  EXPECT_EQ(preflight.field("access-control-allow-methods"), "DELETE, GET, HEAD, OPTIONS, PUT");
  const Answer answer =
      world.ask("GET", "/v1/shelves/1/books/none", {}, {}, {{"origin", "http://page"}});
  EXPECT_EQ(answer.field("access-control-allow-origin"), "http://page");
}

TEST(Rest, HttpBodyIsTheContentItself) {
  RestWorld world;
  const Answer upload = world.ask("POST", "/v1/files/a/b%20c", "\x01\xff", "image/png");
  EXPECT_EQ(upload.status(), "200");
  EXPECT_EQ(upload.field("content-type"), "image/png");
  EXPECT_EQ(upload.body, "a/b c=\x01\xff");
  const Answer page = world.get("/v1/pages/x");
  EXPECT_EQ(page.field("content-type"), "text/html");
  EXPECT_EQ(page.body, "<p>x");
  EXPECT_EQ(world.get("/v1/pages/bad").status(), "500");
}

TEST(Rest, OtherWaysToCallStay) {
  RestWorld world;
  EXPECT_EQ(world.post("/test.library.Library/Plain", kJson, "{}").status(), "501");
  EXPECT_EQ(world.post("/test.library.Library/DropBook", kJson, "{}").body, "{}");
  EXPECT_EQ(world.echo("x").status(), "200");
  EXPECT_EQ(world.ask("DELETE", "/v1/shelves/1/books/2").body, "{}");
  EXPECT_EQ(world.get("/v1/watch/x").status(), "501");
}

TEST(Rest, MayBeOff) {
  RestWorld world({}, {.rest = false});
  EXPECT_EQ(world.get("/v1/shelves/1/books/2").status(), "405");
}

template <class Service>
class Wrong final : public Service {
  using Item = ::test::wrong::Item;
  Task<Result<Item>> Do(ServerContext&, const Item& item) override { co_return item; }
};

/// What Server::start() says of a service.
template <class Service>
std::string start_with() {
  weft::testing::InProcess world;
  world.add<Wrong<Service>>();
  world.server().add(protocols());
  const Status status = world.server().start();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  return std::string(status.message());
}

TEST(Rest, AServerWithAWrongRuleDoesNotStart) {
  EXPECT_EQ(start_with<::test::wrong::TemplateService>(),
            "google.api.http of the method /test.wrong.Template/Do: the path '/v1/{name', column "
            "10: the } of a variable is missing");
  EXPECT_THAT(start_with<::test::wrong::PathFieldService>(),
              HasSubstr("there is no field 'title' in test.wrong.Item"));
  EXPECT_THAT(start_with<::test::wrong::RepeatedFieldService>(),
              HasSubstr("the field tags is repeated"));
  EXPECT_THAT(start_with<::test::wrong::BodyFieldService>(),
              HasSubstr("body: 'item' is no field of test.wrong.Item"));
  EXPECT_THAT(start_with<::test::wrong::BodyOfGetService>(),
              HasSubstr("has a body, which GET has not"));
  EXPECT_THAT(start_with<::test::wrong::ResponseFieldService>(),
              HasSubstr("response_body: 'nam' is no field of test.wrong.Item"));
  EXPECT_EQ(start_with<::test::wrong::TwiceService>(),
            "google.api.http of the method /test.wrong.Twice/Else: GET has the same paths as that "
            "of the method /test.wrong.Twice/Do");
}

}  // namespace
}  // namespace weft::edge::test
