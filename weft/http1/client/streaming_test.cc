// Bodies that come and go in parts.

#include <deque>
#include <string>

#include "weft/http1/client/internal/test_server.h"
#include "weft/net/loop/wait.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::ok;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Then = test::ScriptedServer::Then;
using When = test::ScriptedServer::When;

/// A part a second.
class Parts final : public BodySource {
 public:
  explicit Parts(std::deque<std::string> parts, std::optional<std::uint64_t> size = {})
      : all_(parts), parts_(std::move(parts)), size_(size) {}
  Task<Result<Bytes>> next() override {
    Status slept = co_await net::sleep(1s);
    if (!slept.ok()) co_return slept;
    if (parts_.empty()) co_return Bytes();
    Bytes part = Bytes::copy_of(parts_.front());
    parts_.pop_front();
    if (part.view() == "fail") co_return data_loss("the disk is gone");
    co_return part;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool rewind() override {
    parts_ = all_;
    return true;
  }

 private:
  const std::deque<std::string> all_;
  std::deque<std::string> parts_;
  const std::optional<std::uint64_t> size_;
};

Request upload(std::deque<std::string> parts, std::optional<std::uint64_t> size = {}) {
  Request request("POST", "http://server/");
  request.body(std::make_shared<Parts>(std::move(parts), size));
  return request;
}

using Streaming = test::ClientTest;

TEST_F(Streaming, SendsABodyOfUnknownSizeInChunks) {
  server.answer(ok("done"));
  EXPECT_EQ(text_of(send(upload({"abc", "defgh"}))), "done");
  EXPECT_THAT(server.requests().at(0),
              AllOf(HasSubstr("\r\ntransfer-encoding: chunked\r\n"),
                    EndsWith("\r\n\r\n3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n")));
}

TEST_F(Streaming, SendsABodyOfKnownSizeAsItIs) {
  server.answer(ok("done"));
  EXPECT_EQ(text_of(send(upload({"abc", "de"}, 5))), "done");
  EXPECT_THAT(server.requests().at(0), EndsWith("\r\ncontent-length: 5\r\n\r\nabcde"));
}

TEST_F(Streaming, EndsARequestWhoseBodyIsNotAsTold) {
  server.answer(ok("done"));
  EXPECT_EQ(text_of(send(upload({"abc"}, 5))),
            "INVALID_ARGUMENT: POST http://server/: the request's body is 2 bytes shorter than its "
            "size() told");
  EXPECT_THAT(text_of(send(upload({"abc", "def"}, 5))), HasSubstr("longer than its size() told"));
  EXPECT_EQ(text_of(send(upload({"abc", "fail"}))),
            "DATA_LOSS: POST http://server/: the request's body: the disk is gone");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Streaming, StopsSendingWhenTheResponseHasEnded) {
  server.answer("HTTP/1.1 400 no\r\ncontent-length: 2\r\n\r\nno", Then::Keep, When::AfterHead);
  const TimePoint begun = network.now();
  EXPECT_EQ(text_of(send(upload({"a", "b", "c", "d", "e"}))), "no");
  EXPECT_LT(network.now() - begun, 1s);
  network.run_for(10s);
  EXPECT_EQ(server.open_connections(), 0U);
}

Task<std::string> read_all(Client& http, Request request, std::string& trailer) {
  Result<ResponseStream> stream = co_await http.open(std::move(request));
  if (!stream.ok()) co_return stream.status().to_string();
  std::string out = std::to_string(stream->info().status) + ":";
  for (;;) {
    Result<Bytes> part = co_await stream->read();
    if (!part.ok()) co_return out + part.status().to_string();
    if (part->empty()) break;
    out += part->view();
  }
  trailer = stream->trailers().get("t");
  co_return out;
}

TEST_F(Streaming, ReadsAResponseInParts) {
  server.answer(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nt: "
      "1\r\n\r\n");
  std::string trailer;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(testing::run(host(), read_all(*http, Request("GET", "http://server/"), trailer)),
              "200:abcde");
  }
  EXPECT_EQ(trailer, "1");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Streaming, DecodesPartsAsTheyCome) {
  // More than max_body, which is for send().
  const std::string text(10'000'000, 'a');
  for (const auto& [coding, name] :
       {std::pair(Compression::Gzip, "gzip"), std::pair(Compression::Zstd, "zstd")}) {
    const Result<Bytes> packed = codec::compress(coding, text);
    ASSERT_TRUE(packed.ok());
    server.answer(ok(packed->view(), "content-encoding: " + std::string(name) + "\r\n"));
    (void)get();
    std::string trailer;
    const std::string got =
        testing::run(host(), read_all(*http, Request("GET", "http://server/"), trailer));
    EXPECT_TRUE(got == "200:" + text) << got.size() << got.substr(0, 200);
  }
}

TEST_F(Streaming, GivesWhatIsDecodedBeforeTheEndIsThere) {
  const Result<Bytes> packed = codec::compress(Compression::Gzip, std::string(100'000, 'a'));
  ASSERT_TRUE(packed.ok());
  const std::string whole = ok(packed->view(), "content-encoding: gzip\r\n");
  server.answer(whole.substr(0, whole.size() - 9));
  Task<Result<ResponseStream>> opening = http->open(Request("GET", "http://server/"));
  Result<ResponseStream> stream = testing::run(host(), std::move(opening));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_FALSE(stream->info().fields.has("content-encoding"));
  const Result<Bytes> part = testing::run(host(), stream->read());
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->view().substr(0, 10), "aaaaaaaaaa");
  host().enter([&] { const Result<ResponseStream> dropped = std::move(stream); });
}

TEST_F(Streaming, SaysThatAnEncodedBodyIsBroken) {
  const Result<Bytes> packed = codec::compress(Compression::Gzip, std::string(1000, 'a'));
  ASSERT_TRUE(packed.ok());
  std::string trailer;
  for (const auto& [body, why] :
       {std::pair(packed->to_string().substr(0, 15), "is broken: it is truncated"),
        std::pair(std::string("no gzip at all"), "is broken: incorrect header check")}) {
    server.answer(ok(body, "content-encoding: gzip\r\n"));
    (void)get();
    EXPECT_THAT(testing::run(host(), read_all(*http, Request("GET", "http://server/"), trailer)),
                AllOf(HasSubstr("INTERNAL: GET http://server/: "), HasSubstr(why)));
  }
}

TEST_F(Streaming, ReadsWhileItSends) {
  server.answer("HTTP/1.1 200 OK\r\n\r\nearly ", Then::Keep, When::AfterHead);
  std::string trailer;
  bool done = false;
  Task<std::string> reading = read_all(*http, upload({"a", "b"}), trailer);
  host().enter([&] {
    reading.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
  });
  network.run_for(5s);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_FALSE(done);
  server.send("late");
  server.close();
  network.run_for(5s);
  ASSERT_TRUE(done);
  EXPECT_EQ(reading.take(), "200:early late");
}

TEST_F(Streaming, SaysThatABodyIsNotWhole) {
  server.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", Then::Close);
  std::string trailer;
  EXPECT_THAT(testing::run(host(), read_all(*http, Request("GET", "http://server/"), trailer)),
              AllOf(StartsWith("200:abc"), HasSubstr("UNAVAILABLE: GET http://server/: "),
                    HasSubstr("2 bytes are missing")));
}

TEST_F(Streaming, HoldsATimeoutToTheEndOfTheResponse) {
  server.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc");
  Request request("GET", "http://server/");
  request.timeout(5s);
  std::string trailer;
  const TimePoint begun = network.now();
  EXPECT_THAT(testing::run(host(), read_all(*http, std::move(request), trailer)),
              HasSubstr("no whole response before the deadline of the request"));
  EXPECT_EQ(network.now() - begun, 5s);
}

Task<int> open_and_leave(Client& http) {
  Result<ResponseStream> stream = co_await http.open(Request("GET", "http://server/"));
  co_return stream.ok() ? stream->info().status : 0;
}

TEST_F(Streaming, ClosesTheConnectionOfAResponseThatIsLeft) {
  server.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc");
  EXPECT_EQ(testing::run(host(), open_and_leave(*http)), 200);
  network.run_for(1s);
  EXPECT_EQ(server.open_connections(), 0U);
}

TEST_F(Streaming, ReadsNoFurtherThanItIsAsked) {
  server.answer(ok(std::string(8'000'000, 'x')));
  Task<Result<ResponseStream>> opening = http->open(Request("GET", "http://server/"));
  Result<ResponseStream> stream = testing::run(host(), std::move(opening));
  ASSERT_TRUE(stream.ok());
  network.run_for(1min);
  EXPECT_EQ(server.open_connections(), 1U);
  host().enter([&] { const Result<ResponseStream> dropped = std::move(stream); });
}

}  // namespace
}  // namespace weft::http1
