// What a call is told of a server that does not keep to Connect or gRPC-Web.

#include <array>
#include <cstdio>
#include <string>

#include "weft/codec/compression.h"
#include "weft/edge/client/internal/test_edge_client.h"
#include "weft/http1/client/internal/test_server.h"

namespace weft::edge {
namespace {

using http1::test::ok;
using http1::test::ScriptedServer;
using test::Note;
using test::note;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

enum class Method : std::uint8_t { Echo, Expand };

struct Outcome {
  std::string text;  // the reply, or the status
  Duration took;
};

Outcome outcome(const std::string& scheme, Method method, const std::string& answer,
                ScriptedServer::Then then = ScriptedServer::Then::Keep) {
  net::SimNetwork network(7);
  ScriptedServer server(network.host("server"), 80);
  server.answer(answer, then);
  std::string told;
  const TimePoint begun = network.host("client").now();
  Duration took{};
  {
    Channel channel(scheme + "server", {.max_receive_size = 100});
    if (method == Method::Expand) {
      told = testing::run(network.host("client"),
                          test::ClientWorld::expand_all(channel, "x", {.timeout = 1min}));
    } else {
      const Note request = note("x");
      const Result<Note> reply = testing::run(
          network.host("client"),
          rpc::call_unary<Note>(channel, test::kMethods[0], request, {.timeout = 1min}));
      told = reply.ok() ? "OK " + reply->file_name() : reply.status().to_string();
    }
    took = network.host("client").now() - begun;
  }
  network.run_for(1min);
  return {.text = told, .took = took};
}

std::string connect(const std::string& answer) {
  return outcome("connect+http://", Method::Echo, answer).text;
}
std::string connect_stream(const std::string& answer) {
  return outcome("connect+http://", Method::Expand, answer).text;
}
std::string web(const std::string& answer) {
  return outcome("grpc-web+http://", Method::Expand, answer).text;
}

std::string failed(int status, std::string_view type, std::string_view body) {
  std::string answer = ok(body, "content-type: " + std::string(type) + "\r\n");
  answer.replace(answer.find("200 OK"), 6, std::to_string(status) + " Bad");
  return answer;
}
std::string framed(int flags, std::string_view content) {
  std::string out(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(content.size() >> shift);
  return out.append(content);
}
const std::string kMessage = note("m").SerializeAsString();

std::string streamed(std::string_view body, std::string_view more = "") {
  return ok(body, "content-type: application/connect+proto\r\n" + std::string(more));
}
std::string web_body(std::string_view body, std::string_view more = "") {
  return ok(body, "content-type: application/grpc-web+proto\r\n" + std::string(more));
}

TEST(EdgeBadPeer, PagesInPlaceOfAnswersAreShown) {
  EXPECT_EQ(connect(ok("<html>hello</html>", "content-type: text/html\r\n")),
            "UNKNOWN: the server answered HTTP 200 with content-type text/html in place of "
            "application/proto: <html>hello</html>");
  EXPECT_THAT(connect(failed(503, "text/html", "down")),
              AllOf(StartsWith("UNAVAILABLE: the server answered HTTP 503"), HasSubstr("down")));
  EXPECT_THAT(connect(failed(404, "text/plain", "")), StartsWith("UNIMPLEMENTED"));
  EXPECT_THAT(connect_stream(ok("x", "content-type: application/json\r\n")),
              HasSubstr("in place of application/connect+proto"));
  EXPECT_THAT(web(failed(401, "text/html", "who?")), HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(web(ok("x", "content-type: application/grpc-web-text\r\n")),
              HasSubstr("in place of application/grpc-web+proto"));
}

TEST(EdgeBadPeer, ErrorsWithoutACodeAreThatOfHttp) {
  EXPECT_THAT(connect(failed(429, "application/json", R"({"message":"slow down"})")),
              "UNAVAILABLE: slow down");
  EXPECT_THAT(connect(failed(400, "application/json", R"({"code":null,"message":"x"})")),
              "INTERNAL: x");
  EXPECT_THAT(connect(failed(403, "application/json", "{}")), StartsWith("PERMISSION_DENIED"));
  EXPECT_THAT(connect(failed(500, "application/json", R"({"code":"ok"})")), StartsWith("UNKNOWN"));
  EXPECT_THAT(connect(failed(500, "application/json", "{\"code\":")),
              "UNKNOWN: the server answered HTTP 500: {\"code\":");
  EXPECT_EQ(connect(failed(404, "application/json; charset=utf-8",
                           R"({"code":"not_found","message":"no","details":[{"type":7},{}]})")),
            "NOT_FOUND: no");
}

TEST(EdgeBadPeer, TruncatedBodiesAreUnavailable) {
  const std::string whole = ok(kMessage, "content-type: application/proto\r\n");
  EXPECT_THAT(outcome("connect+http://", Method::Echo, whole.substr(0, whole.size() - 1),
                      ScriptedServer::Then::Close)
                  .text,
              StartsWith("UNAVAILABLE"));
}

TEST(EdgeBadPeer, StreamsWithoutAnEndAreErrors) {
  EXPECT_EQ(connect_stream(streamed(framed(0, kMessage))),
            ".m INTERNAL: the server's body ended without the end of the stream");
  EXPECT_EQ(connect_stream(streamed(framed(0, kMessage).substr(0, 7))),
            " INTERNAL: the server's body ended within an envelope, without the end of the stream");
  EXPECT_EQ(web(web_body(framed(0, kMessage))),
            ".m UNKNOWN: the server's body ended without trailers");
  EXPECT_EQ(web(web_body(framed(0x80, "x-a: b\r\n"))),
            " UNKNOWN: the server's trailers have no grpc-status");
}

TEST(EdgeBadPeer, EndsThatAreNoneAreErrors) {
  EXPECT_THAT(connect_stream(streamed(framed(2, "{"))),
              StartsWith(" INTERNAL: the end of the server's stream is not JSON"));
  EXPECT_EQ(connect_stream(streamed(framed(2, R"({"error":7})"))),
            " INTERNAL: the end of the server's stream has an error that is no object");
  EXPECT_EQ(connect_stream(streamed(framed(2, R"({"error":{"message":"m"}})"))), " UNKNOWN: m");
  EXPECT_EQ(connect_stream(streamed(framed(2, R"({"error":null})"))), " OK");
  EXPECT_EQ(connect_stream(streamed(framed(2, "{}") + framed(0, kMessage))),
            " INTERNAL: the server sent something behind the end of its stream");
  EXPECT_THAT(connect_stream(streamed(framed(2, R"({"metadata":{"a\nb":["c"]}})"))),
              HasSubstr("no field can have"));
  EXPECT_THAT(web(web_body(framed(0x80, "grpc-status 0\r\n"))), HasSubstr("without a colon"));
  EXPECT_THAT(web(web_body(framed(0x80, "grpc-status: 99\r\n"))),
              StartsWith(" UNKNOWN: the server sent grpc-status 99"));
}

TEST(EdgeBadPeer, ProtocolFieldsInAnEndAreNoTrailers) {
  net::SimNetwork network(7);
  ScriptedServer server(network.host("server"), 80);
  server.answer(streamed(framed(2, R"({"metadata":{"Grpc-Status":["5"],"x-a":["b"]}})")));
  Metadata tail;
  {
    Channel channel("connect+http://server");
    EXPECT_EQ(testing::run(network.host("client"),
                           test::ClientWorld::expand_all(channel, "x", {.trailers = &tail})),
              " OK");
  }
  EXPECT_EQ(tail.get("x-a"), "b");
  EXPECT_EQ(tail.get("grpc-status"), std::nullopt);
  network.run_for(1min);
}

TEST(EdgeBadPeer, FlagsOfNoProtocolAreErrors) {
  EXPECT_THAT(connect_stream(streamed(framed(4, kMessage))), HasSubstr("flags 4"));
  EXPECT_THAT(connect_stream(streamed(framed(0x80, ""))), HasSubstr("flags 128"));
  EXPECT_THAT(web(web_body(framed(2, "{}"))), HasSubstr("flags 2"));
  EXPECT_THAT(connect_stream(streamed(framed(1, kMessage))),
              HasSubstr("a message has its compressed flag set"));
  EXPECT_THAT(web(web_body(framed(0x81, "grpc-status: 0\r\n"))),
              HasSubstr("the stream's end has its compressed flag set"));
}

TEST(EdgeBadPeer, LargeMessagesAreRefusedBeforeTheyCome) {
  const std::string announced("\0\xff\xff\xff\xff", 5);
  EXPECT_EQ(connect_stream(streamed(announced)),
            " RESOURCE_EXHAUSTED: a message of 4294967295 bytes is larger than the limit of 100 "
            "bytes (max_receive_size)");
  EXPECT_EQ(connect_stream(streamed(framed(0, std::string(101, 'x')))),
            " RESOURCE_EXHAUSTED: a message of 101 bytes is larger than the limit of 100 bytes "
            "(max_receive_size)");
  EXPECT_THAT(connect(ok(std::string(101, 'x'), "content-type: application/proto\r\n")),
              StartsWith("RESOURCE_EXHAUSTED: a message of 101 bytes"));
}

std::string gzipped(std::string_view text) {
  const Result<Bytes> packed = codec::compress(Compression::Gzip, text);
  EXPECT_TRUE(packed.ok()) << packed.status();
  return std::string(packed->view());
}
const std::string kGzip = "connect-content-encoding: gzip\r\n";

TEST(EdgeBadPeer, CompressedMessagesHaveTheLimitOfMessages) {
  const std::string packed = gzipped(std::string(101, 'x'));
  EXPECT_EQ(connect_stream(streamed(framed(1, packed), kGzip)),
            " RESOURCE_EXHAUSTED: decompressing a message: a gzip message of " +
                std::to_string(packed.size()) +
                " bytes decompresses to more than the limit of 100 bytes (max_receive_size)");
}

TEST(EdgeBadPeer, EndsHaveRoomForAnError) {
  const std::string text(20'000, 'e');
  const std::string end = R"({"error":{"code":"aborted","message":")" + text + "\"}}";
  EXPECT_EQ(connect_stream(streamed(framed(2, end))), " ABORTED: " + text);
  EXPECT_EQ(connect_stream(streamed(framed(3, gzipped(end)), kGzip)), " ABORTED: " + text);
}

TEST(EdgeBadPeer, LargeEndsAreRefusedBeforeTheyCome) {
  const std::string large(16 * 1024 + 64 * 1024 + 1, ' ');
  const std::string limit = "the limit of 81920 bytes (max_metadata_size and 65536 for an error)";
  EXPECT_EQ(connect_stream(streamed(framed(2, large).substr(0, 5))),
            " RESOURCE_EXHAUSTED: the stream's end of 81921 bytes is larger than " + limit);
  const std::string packed = gzipped(large);
  EXPECT_EQ(connect_stream(streamed(framed(3, packed), kGzip)),
            " RESOURCE_EXHAUSTED: decompressing the stream's end: a gzip message of " +
                std::to_string(packed.size()) + " bytes decompresses to more than " + limit);
}

TEST(EdgeBadPeer, LargeMetadataAreRefused) {
  const std::string large = std::string(17'000, 'v');
  EXPECT_THAT(connect(ok(kMessage, "content-type: application/proto\r\nx-a: " + large + "\r\n")),
              AllOf(StartsWith("RESOURCE_EXHAUSTED"), HasSubstr("max_metadata_size")));
}

TEST(EdgeBadPeer, UnknownEncodingsAreErrors) {
  EXPECT_THAT(connect(ok(kMessage, "content-type: application/proto\r\ncontent-encoding: br\r\n")),
              HasSubstr("the server compresses with content-encoding br, which was not offered"));
  EXPECT_THAT(web(web_body("", "grpc-encoding: br\r\n")), HasSubstr("grpc-encoding br"));
  EXPECT_THAT(connect(ok("none", "content-type: application/proto\r\ncontent-encoding: gzip\r\n")),
              HasSubstr("INTERNAL"));
}

TEST(EdgeBadPeer, CompressedPagesKeepTheirStatus) {
  std::string page = failed(503, "text/html", "compressed");
  page.insert(page.find("content-length"), "content-encoding: br\r\n");
  EXPECT_EQ(connect(page),
            "UNAVAILABLE: the server answered HTTP 503 with content-type text/html in place of "
            "application/proto");
}

TEST(EdgeBadPeer, EncodingsHaveNamesInAnyCase) {
  EXPECT_EQ(connect(ok(gzipped(kMessage),
                       "content-type: application/proto\r\ncontent-encoding: GZip\r\n")),
            "OK m");
}

TEST(EdgeBadPeer, StatusInTheHeadEndsACall) {
  EXPECT_EQ(web(web_body("", "grpc-status: 5\r\ngrpc-message: not%20here\r\n")),
            " NOT_FOUND: not here");
}

TEST(EdgeBadPeer, OkInTheHeadEndsACallWithoutMessages) {
  EXPECT_EQ(web(web_body("", "grpc-status: 0\r\n")), " OK");
  EXPECT_EQ(web(web_body(framed(0, kMessage), "grpc-status: 0\r\n")),
            ".m UNKNOWN: the server's body ended without trailers");
}

TEST(EdgeBadPeer, FieldsBesideAnOkInTheHeadAreTrailers) {
  net::SimNetwork network(7);
  ScriptedServer server(network.host("server"), 80);
  server.answer(web_body("", "grpc-status: 0\r\nx-a: b\r\n"));
  Metadata head;
  Metadata tail;
  {
    Channel channel("grpc-web+http://server");
    const std::string told = testing::run(
        network.host("client"), test::ClientWorld::expand_all(
                                    channel, "x", {.response_metadata = &head, .trailers = &tail}));
    EXPECT_EQ(told, " OK");
  }
  EXPECT_EQ(head.get("x-a"), std::nullopt);
  EXPECT_EQ(tail.get("x-a"), "b");
  network.run_for(1min);
}

/// An answer in chunks of which only the first comes.
std::string endless(std::string_view status, std::string_view type, std::string_view chunk) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx", chunk.size());
  return std::string("HTTP/1.1 ").append(status) + "\r\ncontent-type: " + std::string(type) +
         "\r\ntransfer-encoding: chunked\r\n\r\n" + size.data() + "\r\n" + std::string(chunk) +
         "\r\n";
}

TEST(EdgeBadPeer, BodiesThatDoNotEndDoNotHoldTheCall) {
  const auto expect_soon = [](Method method, const std::string& answer, std::string_view status) {
    const Outcome told = outcome("connect+http://", method, answer);
    EXPECT_EQ(told.text, status);
    EXPECT_LT(told.took, 2s) << status;
  };
  expect_soon(Method::Expand, endless("200 OK", "application/connect+proto", framed(2, "{}")),
              " OK");
  expect_soon(Method::Echo,
              endless("404 No", "application/json", R"({"code":"not_found","message":"no"})"),
              "NOT_FOUND: no");
  expect_soon(Method::Echo, endless("503 Busy", "text/html", "down"),
              "UNAVAILABLE: the server answered HTTP 503 with content-type text/html in place of "
              "application/proto: down");
}

TEST(EdgeBadPeer, ErrorsThatAreTooLongKeepTheirStatus) {
  EXPECT_THAT(connect(failed(503, "application/json", std::string(100'000, ' ') + "{}")),
              StartsWith("UNAVAILABLE: the server answered HTTP 503"));
}

std::string web_echo(const std::string& answer) {
  return outcome("grpc-web+http://", Method::Echo, answer).text;
}

// What Connect's public conformance suite 1.0.5 answers to clients (connect_client_unexpected,
// client_unexpected, grpc_web_client_unexpected, grpc_web_client_trailers,
// connect_client_error_endstream), as far as the cases above have it not.
TEST(EdgeBadPeer, OtherFormatsThanTheCallsAreInternal) {
  EXPECT_THAT(connect(ok("{}", "content-type: application/json\r\n")), StartsWith("INTERNAL: "));
  EXPECT_THAT(connect_stream(ok("", "content-type: application/connect+json\r\n")),
              StartsWith(" INTERNAL: "));
  EXPECT_THAT(web_echo(ok("", "content-type: application/grpc-web+json\r\n")),
              StartsWith("INTERNAL: "));
  EXPECT_THAT(connect(ok("x", "content-type: image/jpeg\r\n")), StartsWith("UNKNOWN: "));
  EXPECT_THAT(web_echo(ok("x", "content-type: image/jpeg\r\n")), StartsWith("UNKNOWN: "));
}

TEST(EdgeBadPeer, HttpStatusesWithoutACodeAreUnknown) {
  EXPECT_THAT(connect(failed(418, "text/plain", "")), StartsWith("UNKNOWN: "));
  EXPECT_THAT(web_echo(failed(418, "text/plain", "")), StartsWith("UNKNOWN: "));
  EXPECT_THAT(connect(failed(800, "text/plain", "")), StartsWith("UNKNOWN: "));
  EXPECT_THAT(connect(failed(403, "application/proto", kMessage)),
              StartsWith("PERMISSION_DENIED: "));
}

TEST(EdgeBadPeer, UnaryCallsHaveExactlyOneMessage) {
  const std::string end = framed(0x80, "grpc-status: 0\r\n");
  EXPECT_EQ(web_echo(web_body(framed(0, kMessage) + end)), "OK m");
  EXPECT_THAT(web_echo(web_body(end)), StartsWith("UNIMPLEMENTED: "));
  EXPECT_THAT(web_echo(web_body(framed(0, kMessage) + framed(0, kMessage) + end)),
              StartsWith("UNIMPLEMENTED: "));
  EXPECT_THAT(web_echo(web_body("", "grpc-status: 0\r\n")), StartsWith("UNIMPLEMENTED: "));
}

TEST(EdgeBadPeer, TheStatusInTheBodyComesBeforeTheHeads) {
  EXPECT_EQ(web_echo(web_body(framed(0x80, "grpc-status: 9\r\ngrpc-message: body\r\n"),
                              "grpc-status: 8\r\n")),
            "FAILED_PRECONDITION: body");
  EXPECT_EQ(web_echo(web_body("", "grpc-status: 8\r\ngrpc-message: head\r\n")),
            "RESOURCE_EXHAUSTED: head");
  EXPECT_THAT(web_echo(web_body("", "grpc-message: error\r\n")), StartsWith("UNKNOWN: "));
}

TEST(EdgeBadPeer, AStatusInTheHeadDoesNotWaitForABodyThatHangs) {
  const Outcome hanging = outcome("grpc-web+http://", Method::Echo,
                                  "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web\r\n"
                                  "grpc-status: 8\r\ncontent-length: 10\r\n\r\n");
  EXPECT_THAT(hanging.text, StartsWith("RESOURCE_EXHAUSTED"));
  EXPECT_LE(hanging.took, 2s);
}

TEST(EdgeBadPeer, TrailersHaveNamesInAnyCase) {
  EXPECT_EQ(web(web_body(framed(0x80, "Grpc-Status: 9\r\ngRPC-Message: error\r\n"))),
            " FAILED_PRECONDITION: error");
}

TEST(EdgeBadPeer, ErrorsMayHaveOddFields) {
  const std::string rest = R"("message":"oops","foobar":"baz","details":[{"type":"a.B",)"
                           R"("value":"Cgp0ZXN0LnByb3Rv","debug":"garbage","more":1}]})";
  EXPECT_EQ(connect(failed(422, "application/json", R"({"code":"out_of_range",)" + rest)),
            "OUT_OF_RANGE: oops");
  EXPECT_EQ(connect_stream(
                streamed(framed(2, R"({"foobar":1,"error":{"code":"out_of_range",)" + rest + "}"))),
            " OUT_OF_RANGE: oops");
  EXPECT_THAT(connect(failed(401, "application/json", "null")), StartsWith("UNAUTHENTICATED"));
  EXPECT_EQ(connect(failed(503, "application/json", R"({"code":"foobar","message":"oops"})")),
            "UNAVAILABLE: oops");
  EXPECT_EQ(connect(failed(422, "application/json", R"({"code":"unauthenticated"})")),
            "UNAUTHENTICATED");
  for (const char* code : {"null", R"("foobar")"}) {
    EXPECT_EQ(connect_stream(streamed(framed(
                  2, std::string(R"({"error":{"code":)") + code + R"(,"message":"oops"}})"))),
              " UNKNOWN: oops");
  }
}

}  // namespace
}  // namespace weft::edge
