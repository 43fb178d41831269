#include "weft/http2/hpack/internal/header_rules.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http2::internal {
namespace {

using ::testing::HasSubstr;
using namespace std::string_view_literals;

using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::vector<HeaderField> fields(Pairs pairs) {
  std::vector<HeaderField> out;
  for (const auto& [name, value] : pairs) out.push_back({name, value, token_of(name), false});
  return out;
}

/// A complete request with these fields behind its pseudo-headers.
std::string request_with(Pairs more) {
  std::vector<HeaderField> all =
      fields({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}});
  for (const HeaderField& field : fields(more)) all.push_back(field);
  MessageHead head;
  const char* fault = check_request(all, head);
  return fault == nullptr ? "ok" : fault;
}
std::string request(Pairs pairs) {
  MessageHead head;
  const char* fault = check_request(fields(pairs), head);
  return fault == nullptr ? "ok" : fault;
}
std::string response(Pairs pairs) {
  MessageHead head;
  const char* fault = check_response(fields(pairs), head);
  return fault == nullptr ? "ok" : fault;
}

TEST(HeaderRules, AcceptAGrpcRequest) {
  EXPECT_EQ(request_with({{"content-type", "application/grpc"},
                          {"te", "trailers"},
                          {"grpc-timeout", "1S"},
                          {"x-trace.id_!", "v alue\twith all sorts; \x80\xff"}}),
            "ok");
}

TEST(HeaderRules, WantASlashBeforePathsOfWebSchemes) {
  const auto path = [](std::string_view method, std::string_view scheme, std::string_view value) {
    return request({{":method", method}, {":scheme", scheme}, {":path", value}});
  };
  EXPECT_THAT(path("POST", "http", ""), HasSubstr("an empty :path"));
  EXPECT_THAT(path("POST", "https", "s/M"), HasSubstr("does not start with '/'"));
  EXPECT_THAT(path("POST", "http", "*"), HasSubstr("does not start with '/'"));
  EXPECT_EQ(path("OPTIONS", "http", "*"), "ok");
  EXPECT_EQ(path("POST", "coap", "s/M"), "ok");
  EXPECT_EQ(path("POST", "coap", ""), "ok");
}

TEST(HeaderRules, RejectUserInformationInTheAuthority) {
  const auto authority = [](std::string_view scheme, std::string_view value) {
    return request(
        {{":method", "POST"}, {":scheme", scheme}, {":path", "/"}, {":authority", value}});
  };
  EXPECT_THAT(authority("http", "me@h"), HasSubstr("has user information"));
  EXPECT_THAT(authority("https", "me:secret@host.example:443"), HasSubstr("user information"));
  EXPECT_EQ(authority("coap", "me@h"), "ok");
}

TEST(HeaderRules, RejectAHostThatNamesAnotherAuthority) {
  EXPECT_THAT(request_with({{"host", "other"}}), HasSubstr("Host names another authority"));
  EXPECT_THAT(request_with({{"host", "h:81"}}), HasSubstr("Host names another authority"));
  for (const std::string_view host : {"h", "H", "h:80", "h:"}) {
    EXPECT_EQ(request_with({{"host", host}}), "ok") << host;
  }
  EXPECT_EQ(request({{":method", "POST"},
                     {":scheme", "https"},
                     {":path", "/"},
                     {"host", "h"},
                     {"host", "h:443"}}),
            "ok");
  EXPECT_THAT(request({{":method", "POST"},
                       {":scheme", "https"},
                       {":path", "/"},
                       {"host", "h"},
                       {"host", "h:80"}}),
              HasSubstr("Host names another authority"));
}

TEST(HeaderRules, RejectTeInAResponse) {
  EXPECT_THAT(response({{":status", "200"}, {"te", "trailers"}}),
              HasSubstr("a connection-specific field"));
}

TEST(HeaderRules, TakeTrailersOfTeInAnyCase) {
  EXPECT_EQ(request_with({{"te", "Trailers"}}), "ok");
  EXPECT_THAT(request_with({{"te", "trailers, gzip"}}), HasSubstr("TE has a value"));
}

TEST(HeaderRules, RejectNamesWithForbiddenCharacters) {
  for (const std::string_view name :
       {"X-a"sv, "a b"sv, "a\x7f"sv, "a\x80"sv, "a:b"sv, ""sv, "a\0"sv}) {
    EXPECT_THAT(request_with({{name, "v"}}), HasSubstr("a field name is empty or has")) << name;
  }
}

TEST(HeaderRules, RejectValuesWithForbiddenCharactersAtAnyPlace) {
  for (const char c : {'\0', '\r', '\n'}) {
    for (std::size_t size = 1; size < 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string value(size, 'v');
        value[at] = c;
        EXPECT_THAT(request_with({{"a", value}}), HasSubstr("a field value has NUL"));
        value[at] = '\x01';
        EXPECT_EQ(request_with({{"a", value}}), "ok");
      }
    }
  }
}

TEST(HeaderRules, RejectSpaceAroundValues) {
  for (const std::string_view value : {" v", "v ", "\tv", "v\t", " "}) {
    EXPECT_THAT(request_with({{"a", value}}), HasSubstr("a space at its start or end")) << value;
  }
  EXPECT_EQ(request_with({{"a", ""}}), "ok");
}

TEST(HeaderRules, RejectConnectionSpecificFields) {
  for (const std::string_view name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_THAT(request_with({{name, "v"}}), HasSubstr("connection-specific")) << name;
  }
  EXPECT_THAT(request_with({{"te", "gzip"}}), HasSubstr("TE has a value other"));
}

TEST(HeaderRules, WantAllPseudoHeadersOfARequestOnce) {
  EXPECT_THAT(request({{":scheme", "http"}, {":path", "/"}}), HasSubstr("no :method"));
  EXPECT_THAT(request({{":method", "GET"}, {":path", "/"}}), HasSubstr("no :scheme"));
  EXPECT_THAT(request({{":method", "GET"}, {":scheme", "http"}}), HasSubstr("no :path"));
  EXPECT_THAT(request({{":method", "GET"}, {":scheme", "http"}, {":path", ""}}),
              HasSubstr("empty :path"));
  EXPECT_THAT(
      request({{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}),
      HasSubstr("present twice"));
  EXPECT_EQ(request({{":path", "/"}, {":scheme", "http"}, {":method", "GET"}}), "ok");
}

TEST(HeaderRules, RejectPseudoHeadersThatAreUnknownMisplacedOrLate) {
  EXPECT_THAT(request({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":x", "y"}}),
              HasSubstr("unknown or does not belong"));
  EXPECT_THAT(request({{":method", "GET"}, {":scheme", "h"}, {":path", "/"}, {":status", "200"}}),
              HasSubstr("unknown or does not belong"));
  EXPECT_THAT(
      request(
          {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":protocol", "websocket"}}),
      HasSubstr("unknown or does not belong"));
  EXPECT_THAT(request_with({{"a", "b"}, {":path", "/"}}), HasSubstr("after a regular field"));
  EXPECT_THAT(response({{":status", "200"}, {":path", "/"}}),
              HasSubstr("unknown or does not belong"));
}

TEST(HeaderRules, WantOfConnectAnAuthorityAndNothingElse) {
  EXPECT_EQ(request({{":method", "CONNECT"}, {":authority", "h:1"}}), "ok");
  EXPECT_THAT(request({{":method", "CONNECT"}, {":authority", "h:1"}, {":path", "/"}}),
              HasSubstr("section 8.5"));
  EXPECT_THAT(request({{":method", "CONNECT"}}), HasSubstr("section 8.5"));
}

TEST(HeaderRules, WantAStatusOfThreeDigits) {
  EXPECT_EQ(response({{":status", "200"}}), "ok");
  EXPECT_THAT(response({{"a", "b"}}), HasSubstr("no :status"));
  for (const std::string_view status : {"", "20", "2000", "2x0", "-20", "099", "+20"}) {
    EXPECT_THAT(response({{":status", status}}), HasSubstr("three digits")) << status;
  }
  EXPECT_THAT(response({{":status", "101"}}), HasSubstr("status 101"));
}

TEST(HeaderRules, TellWhatTheSessionNeedsOfAHead) {
  MessageHead head;
  EXPECT_EQ(check_response(fields({{":status", "103"}}), head), nullptr);
  EXPECT_TRUE(head.informational);
  head = {};
  EXPECT_EQ(check_response(fields({{":status", "304"}, {"content-length", "12"}}), head), nullptr);
  EXPECT_TRUE(head.never_content);
  EXPECT_EQ(head.content_length, 12);
}

TEST(HeaderRules, RejectContentLengthsThatAreNoNumberOrDiffer) {
  EXPECT_EQ(request_with({{"content-length", "5"}, {"content-length", "5"}}), "ok");
  EXPECT_THAT(request_with({{"content-length", "5"}, {"content-length", "6"}}),
              HasSubstr("content-length"));
  for (const std::string_view value : {"", "-1", "1x", "99999999999999999999"}) {
    EXPECT_THAT(request_with({{"content-length", value}}), HasSubstr("content-length")) << value;
  }
}

TEST(HeaderRules, RejectPseudoHeadersInTrailers) {
  EXPECT_EQ(check_trailers(fields({{"grpc-status", "0"}})), nullptr);
  EXPECT_NE(check_trailers(fields({{"grpc-status", "0"}, {":status", "200"}})), nullptr);
  EXPECT_NE(check_trailers(fields({{"Grpc-Status", "0"}})), nullptr);
}

}  // namespace
}  // namespace weft::http2::internal
