#include "weft/http1/message/parse_head.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/message/head_scanner.h"

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;
using By = Framing::By;

/// As both sides do it: the scanner first, then the parser.
Fault read(const std::string& bytes, RequestHead& head) {
  static constexpr HeadLimits kLimits;
  HeadScanner scanner(kLimits, HeadScanner::Of::Request);
  switch (scanner.scan(bytes)) {
    case HeadScanner::Outcome::Refused:
      return scanner.fault();
    case HeadScanner::Outcome::NeedMore:
      return {408, "not complete"};
    case HeadScanner::Outcome::Complete:
      break;
  }
  return parse_request(bytes.substr(scanner.begin(), scanner.end() - scanner.begin()), head);
}

std::string request(const std::string& line, const std::string& fields) {
  return line + "\r\n" + fields + "\r\n";
}

TEST(ParseRequest, ReadsMethodTargetAndFields) {
  RequestHead head;
  const Fault fault = read(
      request("GET /a?b=c HTTP/1.1", "Host: here:80\r\nX-Thing:  some \t value \r\nempty:\r\n"),
      head);
  ASSERT_FALSE(fault) << fault.why;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/a?b=c");
  EXPECT_EQ(head.authority, "here:80");
  EXPECT_EQ(head.version, Version::Http11);
  EXPECT_EQ(head.field("x-thing"), "some \t value");
  EXPECT_TRUE(head.has("empty"));
  EXPECT_EQ(head.framing.by, By::Nothing);
  EXPECT_TRUE(head.persistent);
}

struct Bad {
  const char* name;
  std::string bytes;
  int status;
  const char* says;
};

TEST(ParseRequest, RefusesWhatSmugglersSend) {
  const std::string get = "GET / HTTP/1.1";
  const std::string post = "POST / HTTP/1.1";
  const std::string host = "Host: a\r\n";
  using namespace std::string_literals;
  const std::vector<Bad> cases = {
      {"TE and CL", request(post, host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
       400, "together with Content-Length"},
      {"TE and CL, turned",
       request(post, host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400,
       "together with Content-Length"},
      {"gzip TE and CL", request(post, host + "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n"),
       400, "together with Content-Length"},
      {"TE in 1.0", request("POST / HTTP/1.0", host + "Transfer-Encoding: chunked\r\n"), 400,
       "HTTP/1.0"},
      {"chunked not last", request(post, host + "Transfer-Encoding: chunked, gzip\r\n"), 400,
       "the last coding"},
      {"chunked twice", request(post, host + "Transfer-Encoding: chunked, chunked\r\n"), 400,
       "once"},
      {"chunked in two fields",
       request(post, host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
       "comes more than once"},
      {"identity", request(post, host + "Transfer-Encoding: identity\r\n"), 400, "the last coding"},
      {"not quite chunked", request(post, host + "Transfer-Encoding: xchunked\r\n"), 400,
       "the last coding"},
      {"chunked with a parameter", request(post, host + "Transfer-Encoding: chunked;q=1\r\n"), 400,
       "the last coding"},
      {"quoted chunked", request(post, host + "Transfer-Encoding: \"chunked\"\r\n"), 400,
       "the last coding"},
      {"empty TE", request(post, host + "Transfer-Encoding:\r\n"), 400, "the last coding"},
      {"gzip, chunked", request(post, host + "Transfer-Encoding: gzip, chunked\r\n"), 501,
       "the only known coding"},
      {"vertical tab in TE", request(post, host + "Transfer-Encoding: \vchunked\r\n"), 400, ""},
      {"differing lengths", request(post, host + "Content-Length: 3\r\nContent-Length: 4\r\n"), 400,
       "Content-Length comes more than once"},
      {"same length twice", request(post, host + "Content-Length: 3\r\nContent-Length: 3\r\n"), 400,
       "more than once"},
      {"list of lengths", request(post, host + "Content-Length: 3, 3\r\n"), 400, "not a number"},
      {"signed length", request(post, host + "Content-Length: +3\r\n"), 400, "not a number"},
      {"negative length", request(post, host + "Content-Length: -3\r\n"), 400, "not a number"},
      {"hexadecimal length", request(post, host + "Content-Length: 0x3\r\n"), 400, "not a number"},
      {"length of nothing", request(post, host + "Content-Length:\r\n"), 400, "not a number"},
      {"length with a space", request(post, host + "Content-Length: 3 3\r\n"), 400, ""},
      {"length that overflows", request(post, host + "Content-Length: 18446744073709551617\r\n"),
       400, "2^63"},
      {"length above 2^63", request(post, host + "Content-Length: 9223372036854775808\r\n"), 400,
       "2^63"},
      {"space before the colon", request(get, "Host : a\r\n"), 400, "'Host : a'"},
      {"tab before the colon", request(get, "Host\t: a\r\n"), 400, ""},
      {"space within a name", request(get, host + "a b: c\r\n"), 400, ""},
      {"no colon", request(get, host + "abc\r\n"), 400, "'abc'"},
      {"no name", request(get, host + ": c\r\n"), 400, ""},
      {"bare CR in a value", request(get, host + "a: b\rc: d\r\n"), 400, ""},
      {"bare CR at a line's end", request(get, host + "a: b\r\r\n"), 400, ""},
      {"NUL in a value", request(get, host + "a: b\0c\r\n"s), 400, "\\x00"},
      {"NUL in a name", request(get, host + "a\0: b\r\n"s), 400, ""},
      {"control character", request(get, host + "a: \x01\r\n"), 400, ""},
      {"DEL", request(get, host + "a: \x7f\r\n"), 400, ""},
      {"name beyond ASCII", request(get, host + "\xc3\xa4: b\r\n"), 400, ""},
      {"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded"},
      {"obs-fold", request(get, host + "a: b\r\n c\r\n"), 400, "folded"},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, "bare LF"},
      {"no Host", request(get, "a: b\r\n"), 400, "no Host"},
      {"empty Host", request(get, "Host:\r\n"), 400, "Host is empty"},
      {"two Hosts", request(get, host + "Host: b\r\n"), 400, "more than once"},
      {"two equal Hosts", request(get, host + "Host: a\r\n"), 400, "more than once"},
      {"two Hosts in 1.0", request("GET / HTTP/1.0", host + host), 400, "more than once"},
      {"Host of two", request(get, "Host: a, b\r\n"), 400, "is not a host"},
      {"Host with a user", request(get, "Host: me@a\r\n"), 400, "is not a host"},
      {"Host with a path", request(get, "Host: a/b\r\n"), 400, "is not a host"},
      {"Host with a bad port", request(get, "Host: a:b\r\n"), 400, "is not a host"},
      {"Host with port 65536", request(get, "Host: a:65536\r\n"), 400, "is not a host"},
      {"Host of a port only", request(get, "Host: :80\r\n"), 400, "is not a host"},
      {"space before the method", request(" GET / HTTP/1.1", host), 400, "request line"},
      {"two spaces", request("GET  / HTTP/1.1", host), 400, "request line"},
      {"tab as separator", request("GET\t/ HTTP/1.1", host), 400, "request line"},
      {"trailing space", request("GET / HTTP/1.1 ", host), 400, "request line"},
      {"space in the target", request("GET /a b HTTP/1.1", host), 400, "request line"},
      {"CR in the request line", request("GET /\r HTTP/1.1", host), 400, "request line"},
      {"no version", request("GET /", host), 400, "request line"},
      {"lower-case version", request("GET / http/1.1", host), 400, "request line"},
      {"version with two digits", request("GET / HTTP/1.10", host), 400, "request line"},
      {"HTTP/2.0", request("GET / HTTP/2.0", host), 505, "HTTP/2.0"},
      {"HTTP/0.9", request("GET / HTTP/0.9", host), 505, "HTTP/0.9"},
      {"method with a colon", request("GE:T / HTTP/1.1", host), 400, "request line"},
      {"no leading slash", request("GET a HTTP/1.1", host), 400, "does not begin with '/'"},
      {"fragment", request("GET /#a HTTP/1.1", host), 400, "percent-encoded"},
      {"back-slash", request("GET \\a HTTP/1.1", host), 400, "percent-encoded"},
      {"bytes beyond ASCII", request("GET /\xc3\xa4 HTTP/1.1", host), 400, "percent-encoded"},
      {"dot segments", request("GET /a/../b HTTP/1.1", host), 400, "segments"},
      {"encoded dot segments", request("GET /%2e%2E/b HTTP/1.1", host), 400, "segments"},
      {"dot segment at the end", request("GET /a/. HTTP/1.1", host), 400, "segments"},
      {"asterisk of GET", request("GET * HTTP/1.1", host), 400, "OPTIONS"},
      {"CONNECT without a port", request("CONNECT a HTTP/1.1", host), 400, "host:port"},
      {"CONNECT of a path", request("CONNECT /a HTTP/1.1", host), 400, "host:port"},
      {"absolute without a host", request("GET http:///a HTTP/1.1", host), 400, "http://host/path"},
      {"absolute of another scheme", request("GET ftp://a/b HTTP/1.1", host), 400,
       "http://host/path"},
      {"absolute with a user", request("GET http://me@a/b HTTP/1.1", host), 400, "names no host"},
      {"unknown expectation", request(post, host + "Content-Length: 1\r\nExpect: tea\r\n"), 417,
       "tea"},
  };
  for (const Bad& one : cases) {
    RequestHead head;
    const Fault fault = read(one.bytes, head);
    EXPECT_EQ(fault.status, one.status) << one.name << ": " << fault.why;
    EXPECT_THAT(fault.why, HasSubstr(one.says)) << one.name;
  }
}

TEST(ParseRequest, LaterMinorVersionsAreTheOneThatIsKnown) {
  RequestHead head;
  EXPECT_FALSE(read(request("GET /a HTTP/1.9", "Host: a\r\n"), head));
  EXPECT_EQ(head.version, Version::Http11);
  EXPECT_EQ(read(request("GET /a HTTP/1.2", ""), head).status, 400);
}

TEST(ParseRequest, ReadsTheFourFormsOfTargets) {
  RequestHead head;
  EXPECT_FALSE(read(request("GET HTTP://There:1/a?b HTTP/1.1", "Host: here\r\n"), head));
  EXPECT_EQ(head.scheme, "HTTP");
  EXPECT_EQ(head.authority, "There:1");
  EXPECT_EQ(head.path, "/a?b");
  EXPECT_FALSE(read(request("GET http://there HTTP/1.1", "Host: here\r\n"), head));
  EXPECT_EQ(head.path, "/");
  EXPECT_FALSE(read(request("OPTIONS * HTTP/1.1", "Host: here\r\n"), head));
  EXPECT_EQ(head.path, "*");
  EXPECT_FALSE(read(request("OPTIONS http://there HTTP/1.1", "Host: here\r\n"), head));
  EXPECT_EQ(head.path, "*");
  EXPECT_FALSE(read(request("CONNECT [::1]:443 HTTP/1.1", "Host: here\r\n"), head));
  EXPECT_EQ(head.authority, "[::1]:443");
  EXPECT_EQ(head.path, "");
}

TEST(ParseRequest, PathsMayHoldDots) {
  RequestHead head;
  EXPECT_FALSE(read(request("GET /a.b/..c/...?x=/../ HTTP/1.1", "Host: a\r\n"), head));
}

TEST(ParseRequest, ReadsHowTheContentEnds) {
  RequestHead head;
  EXPECT_FALSE(read(request("POST / HTTP/1.1", "Host: a\r\nContent-Length: 0012\r\n"), head));
  EXPECT_EQ(head.framing.by, By::Length);
  EXPECT_EQ(head.framing.length, 12U);
  EXPECT_FALSE(read(request("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: Chunked\r\n"), head));
  EXPECT_EQ(head.framing.by, By::Chunks);
  EXPECT_FALSE(read(request("POST / HTTP/1.1", "Host: a\r\n"), head));
  EXPECT_EQ(head.framing.by, By::Nothing);
}

TEST(ParseRequest, ReadsWhatConnectionSays) {
  const auto persistent = [](const std::string& version, const std::string& fields) {
    RequestHead head;
    const Fault fault = read(request("GET / " + version, "Host: a\r\n" + fields), head);
    EXPECT_FALSE(fault) << fault.why;
    return head.persistent;
  };
  EXPECT_TRUE(persistent("HTTP/1.1", ""));
  EXPECT_FALSE(persistent("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(persistent("HTTP/1.1", "Connection: keep-alive\r\nConnection: x ,\tclose\r\n"));
  EXPECT_FALSE(persistent("HTTP/1.0", ""));
  EXPECT_TRUE(persistent("HTTP/1.0", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(persistent("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(ParseRequest, AnUpgradeIsAskedForByBothFields) {
  RequestHead head;
  EXPECT_FALSE(read(
      request("GET / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), head));
  EXPECT_EQ(head.upgrade, "websocket");
  EXPECT_FALSE(read(request("GET / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\n"), head));
  EXPECT_EQ(head.upgrade, "");
}

TEST(ParseRequest, AnExpectationCountsWhereThereIsContent) {
  RequestHead head;
  EXPECT_FALSE(
      read(request("POST / HTTP/1.1", "Host: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n"),
           head));
  EXPECT_TRUE(head.expects_continue);
  EXPECT_FALSE(read(request("POST / HTTP/1.1", "Host: a\r\nExpect: 100-continue\r\n"), head));
  EXPECT_FALSE(head.expects_continue);
  EXPECT_FALSE(read(request("POST / HTTP/1.0", "Content-Length: 1\r\nExpect: tea\r\n"), head));
  EXPECT_FALSE(head.expects_continue);
}

Fault answer(const std::string& text, std::string_view method, ResponseHead& head) {
  return parse_response(text, method, head);
}

TEST(ParseResponse, ReadsStatusReasonAndFraming) {
  ResponseHead head;
  EXPECT_FALSE(answer("HTTP/1.1 200 all is well\r\nContent-Length: 3\r\n\r\n", "GET", head));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.reason, "all is well");
  EXPECT_EQ(head.framing.length, 3U);
  EXPECT_TRUE(head.persistent);
  EXPECT_FALSE(answer("HTTP/1.1 200 \r\n\r\n", "GET", head));
  EXPECT_EQ(head.framing.by, By::Close);
  EXPECT_FALSE(head.persistent);
  EXPECT_FALSE(answer("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", head));
  EXPECT_FALSE(head.persistent);
}

TEST(ParseResponse, SomeHaveNoContentWhateverTheySay) {
  ResponseHead head;
  for (const auto& [method, status] : {std::pair("HEAD", "200"),
                                       {"GET", "204"},
                                       {"GET", "304"},
                                       {"GET", "100"},
                                       {"CONNECT", "200"}}) {
    const std::string text = "HTTP/1.1 " + std::string(status) + " x\r\nContent-Length: 3\r\n\r\n";
    EXPECT_FALSE(answer(text, method, head));
    EXPECT_EQ(head.framing.by, By::Nothing) << method << status;
  }
}

TEST(ParseResponse, RefusesWhatIsAmbiguous) {
  ResponseHead head;
  for (const char* text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n"}) {
    EXPECT_TRUE(answer(text, "GET", head)) << text;
  }
}

TEST(ParseResponse, ReadsAStatusAboveThoseThatThereAre) {
  ResponseHead head;
  EXPECT_FALSE(answer("HTTP/1.1 800 Odd\r\nContent-Length: 3\r\n\r\n", "GET", head));
  EXPECT_EQ(head.status, 800);
}

TEST(ParseTrailers, AreFieldsOfTheirOwn) {
  Head trailers;
  ASSERT_FALSE(parse_trailers("X-Sum: 1\r\nb: 2\r\n\r\n", trailers));
  ASSERT_EQ(trailers.fields.size(), 2U);
  EXPECT_EQ(trailers.field("x-sum"), "1");
}

TEST(ParseTrailers, RefuseFieldsOfTheMessage) {
  for (const char* name : {"Content-Length", "Transfer-Encoding", "Host", "Authorization", "Cookie",
                           "X-Forwarded-For", "Connection"}) {
    Head trailers;
    EXPECT_TRUE(parse_trailers(std::string(name) + ": 1\r\n\r\n", trailers)) << name;
  }
}

}  // namespace
}  // namespace weft::http1
