// Methods that stream, called as google.api.http says, over HTTP/2 in virtual time.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "weft/base/log.h"
#include "weft/edge/internal/test_edge.h"

#include "test_library.weft.h"

namespace weft::edge::test {
namespace {

using google::api::HttpBody;
using ::test::library::Book;
using ::test::library::BookList;
using ::test::library::GetBookRequest;
using ::test::library::SaveBookRequest;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using weft::testing::EndStream;

constexpr std::string_view kLines = "application/x-ndjson";

Book titled(std::string_view title) {
  Book book;
  book.set_title(std::string(title));
  return book;
}

/// What Watch and Download do is in the letters of the name: each is a message, but '!' fails, 's'
/// sleeps for a minute, 'L' is a large one, and 'w' waits for the end of the call.
class Library final : public ::test::library::LibraryService {
 public:
  int written = 0;
  Status ended;

 private:
  Task<Status> Watch(ServerContext& context, const GetBookRequest& request,
                     Writer<Book>& writer) override {
    context.response_metadata().add("x-head", "a");
    for (const char letter : request.name()) {
      if (letter == '!') co_return with_detail(aborted("mid\nway"), request);
      if (letter == 't') context.trailers().add("x-tail", "b");
      if (letter == 's' || letter == 'w') {
        ended = co_await net::sleep(letter == 's' ? 1min : 24h);
        continue;
      }
      const Book book = titled(letter == 'L' ? std::string(200'000, 'l') : std::string(1, letter));
      const bool taken = co_await writer.write(book);
      if (!taken) {
        ended = writer.status();
        co_return ended;
      }
      ++written;
    }
    co_return ok_status();
  }
  Task<Result<BookList>> Import(ServerContext&, Reader<SaveBookRequest>& reader) override {
    BookList list;
    for (;;) {
      const std::optional<SaveBookRequest> part = co_await reader.read();
      if (!part) break;
      Book* const book = list.add_books();
      *book = part->book();
      book->set_name(part->shelf());
    }
    if (!reader.status().ok()) co_return reader.status();
    co_return list;
  }
  Task<Status> Trade(ServerContext&, Reader<Book>& reader, Writer<Book>& writer) override {
    for (;;) {
      const std::optional<Book> part = co_await reader.read();
      if (!part) break;
      const bool taken = co_await writer.write(*part);
      if (!taken) co_return writer.status();
    }
    co_return reader.status();
  }
  Task<Status> Download(ServerContext&, const GetBookRequest& request,
                        Writer<HttpBody>& writer) override {
    for (const char letter : request.name()) {
      if (letter == '!') co_return aborted("midway");
      HttpBody body;
      body.set_content_type("text/csv");
      body.set_data(std::string(1, letter));
      const bool taken = co_await writer.write(body);
      if (!taken) co_return writer.status();
    }
    co_return ok_status();
  }
  Task<Result<Book>> Print(ServerContext&, Reader<HttpBody>& reader) override {
    Book all;
    for (;;) {
      const std::optional<HttpBody> part = co_await reader.read();
      if (!part) break;
      all.set_title(all.title() + part->data());
      all.set_name(part->content_type());
    }
    co_return all;
  }
};

class StreamWorld : public World {
 public:
  explicit StreamWorld(ServerOptions server = {}, Options options = {})
      : World(server, std::move(options)), library_(this->server().add<Library>()) {}

  std::uint32_t begin_get(std::string_view path, std::string_view accept = {},
                          std::string method = "GET") {
    weft::testing::Fields more;
    if (!accept.empty()) more.push_back({"accept", std::string(accept)});
    return begin(path, {}, more, std::move(method), EndStream::Yes);
  }
  Answer get(std::string_view path, std::string_view accept = {}) {
    return answer(begin_get(path, accept));
  }
  Library& library() noexcept { return library_; }

 private:
  Library& library_;
};

TEST(RestStream, MessagesAreAnArrayByDefault) {
  StreamWorld world;
  const Answer answer = world.get("/v1/watch/ab");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_EQ(answer.body, "[{\"title\":\"a\"},\n{\"title\":\"b\"}]");
  EXPECT_EQ(world.get("/v1/watch/a", "*/*").body, R"([{"title":"a"}])");
  EXPECT_EQ(world.get("/v1/watch/ab:titles").body, "[\"a\",\n\"b\"]");
  EXPECT_EQ(world.post("/v1/watch", "application/json", R"({"name": "a"})").body,
            R"([{"title":"a"}])");
}

TEST(RestStream, AcceptChoosesTheForm) {
  StreamWorld world;
  const Answer lines = world.get("/v1/watch/ab", kLines);
  EXPECT_EQ(lines.field("content-type"), kLines);
  EXPECT_EQ(lines.body, "{\"title\":\"a\"}\n{\"title\":\"b\"}\n");
  const Answer events = world.get("/v1/watch/ab", "text/event-stream");
  EXPECT_EQ(events.field("content-type"), "text/event-stream");
  EXPECT_EQ(events.field("cache-control"), "no-cache");
  EXPECT_EQ(events.body,
            "data: {\"title\":\"a\"}\n\ndata: {\"title\":\"b\"}\n\nevent: end\ndata: {}\n\n");
  const auto type_for = [&world](std::string_view accept) {
    return world.get("/v1/watch/a", accept).field("content-type");
  };
  EXPECT_EQ(type_for("application/json;q=0.5, Application/JSONL; q=0.9"), kLines);
  EXPECT_EQ(type_for("text/event-stream;q=0, application/x-ndjson;q=0.001"), kLines);
  EXPECT_EQ(type_for("text/event-stream, application/x-ndjson"), "text/event-stream");
  EXPECT_EQ(type_for("image/png"), "application/json");
}

TEST(RestStream, IndentedJsonHasOneLineInAStream) {
  StreamWorld world({}, {.json = {.write = {.indent = 2}}});
  EXPECT_EQ(world.get("/v1/watch/a", kLines).body, "{\"title\":\"a\"}\n");
  EXPECT_EQ(world.get("/v1/watch/a").body, "[{\n  \"title\": \"a\"\n}]");
}

TEST(RestStream, AStreamWithoutMessagesIsEmpty) {
  StreamWorld world;
  EXPECT_EQ(world.post("/v1/watch", "application/json", "{}").body, "[]");
  const std::uint32_t lines =
      world.begin("/v1/watch", "application/json", {{"accept", std::string(kLines)}});
  world.send(lines, "{}");
  EXPECT_EQ(world.answer(lines).body, "");
}

TEST(RestStream, AFailureBeforeMessagesHasItsHttpStatus) {
  StreamWorld world;
  for (const std::string_view accept : {"*/*", "application/x-ndjson", "text/event-stream"}) {
    const Answer answer = world.get("/v1/watch/!", accept);
    EXPECT_EQ(answer.status(), "409");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_THAT(answer.body, StartsWith(R"({"code":10,"message":"mid\nway","details":[{"@type")"));
  }
}

TEST(RestStream, AFailureBehindMessagesIsTheLastElement) {
  StreamWorld world;
  const std::string status =
      R"({"code":10,"message":"mid\nway","details":[{"@type":"type.googleapis.com/test.library.GetBookRequest","name":"a!"}]})";
  EXPECT_EQ(world.get("/v1/watch/a!").body, "[{\"title\":\"a\"},\n{\"error\":" + status + "}]");
  EXPECT_EQ(world.get("/v1/watch/a!", kLines).body,
            "{\"title\":\"a\"}\n{\"error\":" + status + "}\n");
  EXPECT_EQ(world.get("/v1/watch/a!", "text/event-stream").body,
            "data: {\"title\":\"a\"}\n\nevent: error\ndata: " + status + "\n\n");
}

TEST(RestStream, TrailersFollowTheContent) {
  StreamWorld world;
  const std::uint32_t stream = world.begin_get("/v1/watch/t");
  world.peer().expect(http2::FrameType::Headers, stream);
  const weft::testing::Frame tail = world.peer().expect(http2::FrameType::Headers, stream);
  EXPECT_EQ(tail.field("x-tail"), "b");
  EXPECT_TRUE(tail.end_stream());
  EXPECT_EQ(world.peer().data_of(stream), R"([{"title":"t"}])");
}

TEST(RestStream, ASlowClientHoldsTheHandlerUp) {
  StreamWorld world;
  world.peer().set_give_credit(false);
  const std::uint32_t stream = world.begin_get("/v1/watch/LLLLLLLL");
  world.peer().expect(http2::FrameType::Headers, stream);
  world.world().run_for(1s);
  // The first fills the window, and the next waits for room.
  EXPECT_LE(world.library().written, 2);
}

TEST(RestStream, AClientThatGoesAwayCancelsTheCall) {
  StreamWorld world;
  const std::uint32_t stream = world.begin_get("/v1/watch/aw", kLines);
  world.peer().expect(http2::FrameType::Headers, stream);
  world.peer().send(weft::testing::rst_stream(stream, http2::ErrorCode::Cancel));
  world.world().run_for(1s);
  EXPECT_EQ(world.library().ended.code(), StatusCode::Cancelled);
}

TEST(RestStream, ADeadlineIsTheLastElement) {
  StreamWorld world;
  const std::uint32_t stream = world.begin(
      "/v1/watch/aw", {}, {{"accept", std::string(kLines)}, {"connect-timeout-ms", "50"}}, "GET",
      EndStream::Yes);
  EXPECT_THAT(world.answer(stream).body, StartsWith("{\"title\":\"a\"}\n{\"error\":{\"code\":4,"));
}

TEST(RestStream, SilentEventsHaveHeartbeats) {
  StreamWorld world;
  const std::uint32_t events = world.begin_get("/v1/watch/sa", "text/event-stream");
  world.world().run_for(20s);
  EXPECT_EQ(world.peer().expect(http2::FrameType::Headers, events).field(":status"), "200");
  EXPECT_EQ(world.peer().data_of(events), ":\n\n");
  world.world().run_for(50s);
  EXPECT_EQ(world.peer().data_of(events),
            ":\n\n:\n\n:\n\n:\n\ndata: {\"title\":\"a\"}\n\nevent: end\ndata: {}\n\n");
  const std::uint32_t lines = world.begin_get("/v1/watch/sa", kLines);
  world.world().run_for(70s);
  EXPECT_EQ(world.answer(lines).body, "{\"title\":\"a\"}\n");
}

TEST(RestStream, AHeadHasNoMessages) {
  StreamWorld world;
  const Answer answer = world.answer(world.begin_get("/v1/watch/aw", kLines, "HEAD"));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), kLines);
  EXPECT_EQ(answer.body, "");
}

TEST(RestStream, RequestsAreLines) {
  StreamWorld world;
  const Answer answer =
      world.post("/v1/import", kLines,
                 "{\"shelf\":\"s\",\"book\":{\"title\":\"a\"}}\r\n\n \n{\"shelf\":\"t\"}");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.body, R"({"books":[{"name":"s","title":"a"},{"name":"t"}]})");
  // Path and query are in each message.
  EXPECT_EQ(
      world.post("/v1/shelves/x/books:import?dry=true", kLines, "{\"title\":\"a\"}\n{}\n").body,
      R"({"books":[{"name":"x","title":"a"},{"name":"x"}]})");
  EXPECT_EQ(world.post("/v1/import", kLines, "").body, "{}");
  EXPECT_EQ(world.post("/v1/import/y", {}, "").body, R"({"books":[{"name":"y"}]})");
}

TEST(RestStream, AWrongLineEndsTheCall) {
  StreamWorld world;
  const Answer broken = world.post("/v1/import", kLines, "{}\n{\"shelf\":1}\n");
  EXPECT_EQ(broken.status(), "400");
  EXPECT_THAT(broken.body, HasSubstr("field shelf: "));
  const Answer json = world.post("/v1/import", "application/json", "{}");
  EXPECT_EQ(json.status(), "415");
  EXPECT_EQ(json.field("accept-post"), kLines);
  const std::uint32_t packed = world.begin("/v1/import", kLines, {{"content-encoding", "gzip"}});
  world.send(packed, "x");
  const Answer gzip = world.answer(packed);
  EXPECT_EQ(gzip.status(), "501");
  EXPECT_THAT(gzip.body, HasSubstr("requests of a stream are not compressed"));
}

TEST(RestStream, EachLineIsBounded) {
  StreamWorld world({.max_receive_size = 100});
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "{\"shelf\":\"s\"}\n";
  EXPECT_EQ(world.post("/v1/import", kLines, lines).status(), "200");
  const Answer answer =
      world.post("/v1/import", kLines, "{}\n{\"shelf\":\"" + std::string(200, 's'));
  EXPECT_EQ(answer.status(), "429");
  EXPECT_THAT(answer.body, HasSubstr("larger than the limit of 100 bytes (max_receive_size)"));
}

TEST(RestStream, BothDirectionsFlowAtTheSameTime) {
  StreamWorld world;
  const std::uint32_t stream = world.begin("/v1/trade", kLines);
  world.peer().send(weft::testing::data(stream, "{\"title\":\"a\"}\n{\"ti"));
  EXPECT_EQ(world.peer().expect(http2::FrameType::Headers, stream).field("content-type"), kLines);
  world.world().run_for(1ms);
  EXPECT_EQ(world.peer().data_of(stream), "{\"title\":\"a\"}\n");
  world.send(stream, "tle\":\"b\"}");
  world.peer().expect_end(stream);
  EXPECT_EQ(world.peer().data_of(stream), "{\"title\":\"a\"}\n{\"title\":\"b\"}\n");
}

TEST(RestStream, HttpBodiesAreTheContentItself) {
  StreamWorld world;
  const Answer answer = world.get("/v1/download/abc", kLines);
  EXPECT_EQ(answer.field("content-type"), "text/csv");
  EXPECT_EQ(answer.body, "abc");
  EXPECT_EQ(world.get("/v1/download/!").status(), "409");
  const Answer printed = world.post("/v1/print", "text/plain", std::string(20'000, 'p'));
  EXPECT_EQ(printed.body,
            "{\"name\":\"text/plain\",\"title\":\"" + std::string(20'000, 'p') + "\"}");
}

TEST(RestStream, AFailureBehindAnHttpBodyBreaksOff) {
  std::vector<std::string> lines;
  set_log_sink([&lines](LogLevel, std::string_view line) { lines.emplace_back(line); });
  StreamWorld world;
  const std::uint32_t stream = world.begin_get("/v1/download/ab!");
  world.peer().expect(http2::FrameType::Headers, stream);
  world.peer().expect(http2::FrameType::RstStream, stream);
  set_log_sink({});
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), [](const auto& line) {
                return line.find("/v1/download") != line.npos;
              }));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0],
              HasSubstr("GET /v1/download/ab!: the response breaks off: \"ABORTED: midway\""));
  EXPECT_THAT(lines[0], Not(HasSubstr("threw")));
}

}  // namespace
}  // namespace weft::edge::test
