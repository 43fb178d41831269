#include <gtest/gtest.h>

#include "tests/conformance/server_row.h"

// RFC 9113 section 8: requests that keep the rules of HTTP, and those that do not.

namespace weft::conformance {
namespace {

using std::string_literals::operator""s;

constexpr auto kProtocol = ErrorCode::ProtocolError;
constexpr auto kStreamClosed = ErrorCode::StreamClosed;

const Fields kNotGrpc = {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}};

/// A request of that content-length, with the DATA frames after it.
Script with_length(std::string_view length, const std::string& frames) {
  return {headers(1, plus(kUnary, {{"content-length", std::string(length)}})) + frames};
}
/// A whole unary call with one more field.
Script with_field(const std::string& name, const std::string& value) {
  return {call_with(1, plus(kUnary, {{name, value}}))};
}
/// A whole unary call with trailers.
Script with_trailers(const Fields& trailers) {
  return {headers(1, kUnary) + data(1, message("hi")) + headers(1, trailers, EndStream::Yes)};
}
/// A whole unary call whose request is exactly this.
Script request(const Fields& fields) { return {call_with(1, fields)}; }

Outcome malformed() { return stream_error(1, kProtocol); }

std::function<void(RawConnection&)> no_data(std::uint32_t id) {
  return [id](RawConnection& c) { EXPECT_EQ(c.count(FrameType::Data, id), 0U); };
}

const int kFraming = add_tests(
    "Rfc9113/Section",
    {
        {"7",
         "UnknownErrorCodesTriggerNothingSpecial",
         "Unknown or unsupported error codes MUST NOT trigger any special behavior",
         {open(1) + rst_stream(1, static_cast<ErrorCode>(0x10000)) + call(3)},
         served(3)},

        {"8_1", "TrailersEndTheRequest",
         "optionally, one HEADERS frame containing the trailer section",
         with_trailers({{"x-checksum", "7"}}), served()},
        {"8_1", "EmptyTrailersEndTheRequest", "as above", with_trailers({}), served()},
        {"8_1",
         "TrailersWithoutEndStreamAreMalformed",
         "An endpoint that receives a HEADERS frame without the END_STREAM flag set after "
         "receiving "
         "the HEADERS frame that opens a request MUST treat the request as malformed",
         {open(1) + data(1, message("a")) + headers(1, {{"x", "y"}})},
         malformed()},
        {"8_1",
         "SecondRequestOnAStreamIsMalformed",
         "as above",
         {open(1) + headers(1, kUnary)},
         malformed()},
        {"8_1",
         "DataBehindTrailersIsStreamClosed",
         "the trailers ended the stream",
         {headers(1, kUnary) + data(1, message("wait")) + headers(1, {{"x", "y"}}, EndStream::Yes) +
          data(1, "x")},
         stream_error(1, kStreamClosed)},
        {"8_1", "PseudoHeaderInTrailersIsMalformed",
         "Trailers MUST NOT include pseudo-header fields", with_trailers({{":method", "POST"}}),
         malformed()},
        {"8_1", "PseudoHeaderOfResponsesInTrailersIsMalformed", "as above",
         with_trailers({{":status", "200"}}), malformed()},
        {"8_1", "UpperCaseInTrailersIsMalformed", "section 8.2.1",
         with_trailers({{"X-Checksum", "7"}}), malformed()},
        {"8_1", "ConnectionFieldInTrailersIsMalformed", "section 8.2.2",
         with_trailers({{"connection", "close"}}), malformed()},
        {"8_1", "ForbiddenOctetInTrailersIsMalformed", "section 8.2.1",
         with_trailers({{"x", "a\nb"}}), malformed()},
        {"8_1",
         "ResponseBeforeTheRequestHasEndedIsComplete",
         "A server can send a complete response prior to the client sending an entire request",
         {headers(1, kNotGrpc)},
         http(1, "415")},
        {"8_1",
         "HeadIsAnsweredWithoutContent",
         "RFC 9110 section 9.3.2",
         {headers(1, with(kNotGrpc, ":method", "HEAD"), EndStream::Yes)},
         http(1, "405") && no_data(1)},
        {"8_1",
         "GetIsAnswered",
         "every request has a response",
         {headers(1, with(kNotGrpc, ":method", "GET"), EndStream::Yes)},
         http(1, "405")},
        {"8_1",
         "OptionsIsAnswered",
         "as above",
         {headers(1, with(kNotGrpc, ":method", "OPTIONS"), EndStream::Yes)},
         http(1, "405")},
        {"8_1",
         "UnknownMethodIsAnswered",
         "as above",
         {headers(1, with(kNotGrpc, ":method", "FROBNICATE"), EndStream::Yes)},
         http(1, "405")},
        {"8_1",
         "PostWithContentIsAnswered",
         "as above",
         {headers(1, plus(kNotGrpc, {{"content-length", "3"}})) + data(1, "abc", EndStream::Yes)},
         http(1, "415")},

        {"8_1_1", "ContentLengthThatFitsIsAccepted",
         "the value of a content-length header field equals the sum of the DATA frame payload "
         "lengths",
         with_length("9", data(1, message("hi"), EndStream::Yes)), served()},
        {"8_1_1", "ContentLengthOfSeveralDataFramesIsAccepted", "as above",
         with_length("9", data(1, message("hi").substr(0, 4)) + data(1, "") +
                              data(1, message("hi").substr(4), EndStream::Yes)),
         served()},
        {"8_1_1", "ContentLengthWithoutPaddingIsAccepted", "padding is no content",
         with_length("9", padded_data(1, message("hi"), 5, std::string(5, '\0'), 1)), served()},
        {"8_1_1", "ContentLengthBeforeTrailersIsAccepted", "as above",
         with_length("9", data(1, message("hi")) + headers(1, {{"x", "y"}}, EndStream::Yes)),
         served()},
        {"8_1_1", "ContentLengthWithEmptyLastFrameIsAccepted", "as above",
         with_length("9", data(1, message("hi")) + data(1, "", EndStream::Yes)), served()},
        {"8_1_1",
         "ContentLengthOfZeroWithEndStreamIsAccepted",
         "as above",
         {headers(1, plus(with(kNotGrpc, ":method", "GET"), {{"content-length", "0"}}),
                  EndStream::Yes)},
         http(1, "405")},
        {"8_1_1",
         "ContentLengthTwiceTheSameIsAccepted",
         "RFC 9110 section 8.6",
         {call_with(1, plus(kUnary, {{"content-length", "9"}, {"content-length", "9"}}))},
         served()},
        {"8_1_1", "ContentLengthWithLeadingZerosIsAccepted", "RFC 9110 section 8.6: 1*DIGIT",
         with_length("0009", data(1, message("hi"), EndStream::Yes)), served()},
        {"8_1_1", "LessDataThanContentLengthIsMalformed",
         "A request or response that includes message content is malformed if the value of a "
         "content-length header field does not equal the sum of the DATA frame payload lengths",
         with_length("10", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "MoreDataThanContentLengthIsMalformed", "as above",
         with_length("8", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "MoreDataThanContentLengthIsMalformedAtOnce", "as above",
         with_length("3", data(1, "abcd")), malformed()},
        {"8_1_1", "LessDataInSeveralFramesIsMalformed", "as above",
         with_length("10", data(1, message("hi")) + data(1, "", EndStream::Yes)), malformed()},
        {"8_1_1", "MoreDataInSeveralFramesIsMalformed", "as above",
         with_length("9", data(1, message("hi")) + data(1, "x", EndStream::Yes)), malformed()},
        {"8_1_1", "LessDataBeforeTrailersIsMalformed", "as above",
         with_length("10", data(1, message("hi")) + headers(1, {{"x", "y"}}, EndStream::Yes)),
         malformed()},
        {"8_1_1",
         "ContentLengthWithEndStreamIsMalformed",
         "as above",
         {headers(1, plus(kUnary, {{"content-length", "9"}}), EndStream::Yes)},
         malformed()},
        {"8_1_1",
         "ContentLengthOfARequestThatIsNotGrpcIsHeldToo",
         "as above",
         {headers(1, plus(kNotGrpc, {{"content-length", "1"}})), end_of(1),
          data(1, "ab", EndStream::Yes)},
         malformed()},
        {"8_1_1",
         "TwoContentLengthsThatDifferAreMalformed",
         "RFC 9110 section 8.6",
         {call_with(1, plus(kUnary, {{"content-length", "9"}, {"content-length", "10"}}))},
         malformed()},
        {"8_1_1", "ContentLengthThatIsNoNumberIsMalformed", "as above",
         with_length("nine", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "NegativeContentLengthIsMalformed", "as above",
         with_length("-9", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "ContentLengthWithASignIsMalformed", "as above",
         with_length("+9", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "EmptyContentLengthIsMalformed", "as above",
         with_length("", data(1, message("hi"), EndStream::Yes)), malformed()},
        {"8_1_1", "ContentLengthBeyondAllNumbersIsMalformed", "as above",
         with_length("99999999999999999999999", data(1, message("hi"), EndStream::Yes)),
         malformed()},
        {"8_1_1",
         "MalformedRequestLeavesTheTableInStep",
         "the fields of a malformed request are in the dynamic table all the same (section 4.3)",
         {headers_frame(1, octets({0x40, 1, 'x', 1, 'y'}) + block(kUnary)) +
          headers_frame(3, block(kUnary) + octets({0x80 | 62})) +
          data(3, message("hi"), EndStream::Yes)},
         served(3)},
    });

const int kFields = add_tests(
    "Rfc9113/Section",
    {
        {"8_2", "UpperCaseNameIsMalformed",
         "A request or response containing uppercase header field names MUST be treated as "
         "malformed",
         with_field("X-Test", "y"), malformed()},
        {"8_2_1", "UpperCaseKnownNameIsMalformed", "as above", with_field("Content-Length", "9"),
         malformed()},
        {"8_2_1", "EmptyNameIsMalformed", "A field name MUST NOT be empty (RFC 9110 section 5.1)",
         with_field("", "y"), malformed()},
        {"8_2_1", "SpaceInANameIsMalformed",
         "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or "
         "0x7f-0xff",
         with_field("a b", "y"), malformed()},
        {"8_2_1", "NulInANameIsMalformed", "as above", with_field("a\0b"s, "y"), malformed()},
        {"8_2_1", "LineFeedInANameIsMalformed", "as above", with_field("a\nb", "y"), malformed()},
        {"8_2_1", "DeleteInANameIsMalformed", "as above", with_field("a\x7f", "y"), malformed()},
        {"8_2_1", "OctetAboveAsciiInANameIsMalformed", "as above", with_field("a\x80", "y"),
         malformed()},
        {"8_2_1", "ColonInANameIsMalformed",
         "With the exception of pseudo-header fields, field names MUST NOT include a colon",
         with_field("a:b", "y"), malformed()},
        {"8_2_1", "NulInAValueIsMalformed",
         "A field value MUST NOT contain the zero value, line feed or carriage return at any "
         "position",
         with_field("x", "a\0b"s), malformed()},
        {"8_2_1", "CarriageReturnInAValueIsMalformed", "as above", with_field("x", "a\rb"),
         malformed()},
        {"8_2_1", "LineFeedInAValueIsMalformed", "as above", with_field("x", "a\nb"), malformed()},
        {"8_2_1", "LineFeedAtTheEndOfALongValueIsMalformed", "as above",
         with_field("x", "a long value with an end of line at its end\n"), malformed()},
        {"8_2_1", "LineFeedInAPathIsMalformed", "as above",
         request(with(kUnary, ":path", "/test.Kinds/Unary\r\nx: y")), malformed()},
        {"8_2_1", "NulInAnAuthorityIsMalformed", "as above",
         request(with(kUnary, ":authority", "server\0"s)), malformed()},
        {"8_2_1", "SpaceBeforeAValueIsMalformed",
         "A field value MUST NOT start or end with an ASCII whitespace character",
         with_field("x", " y"), malformed()},
        {"8_2_1", "SpaceBehindAValueIsMalformed", "as above", with_field("x", "y "), malformed()},
        {"8_2_1", "TabBeforeAValueIsMalformed", "as above", with_field("x", "\ty"), malformed()},
        {"8_2_1", "TabBehindAValueIsMalformed", "as above", with_field("x", "y\t"), malformed()},
        {"8_2_1", "SpaceAsAValueIsMalformed", "as above", with_field("x", " "), malformed()},
        {"8_2_1", "EmptyValueIsAccepted", "a value may be empty", with_field("x", ""), served()},
        {"8_2_1", "SpaceAndTabWithinAValueAreAccepted", "not at its ends",
         with_field("x", "a \t b"), served()},
        {"8_2_1", "OctetsAboveAsciiInAValueAreAccepted", "RFC 9110 section 5.5: obs-text",
         with_field("x", "\x80\xff\xc3\xa4"), served()},
        {"8_2_1", "EveryTokenCharacterInANameIsAccepted", "RFC 9110 section 5.6.2",
         with_field("!#$%&'*+-.^_`|~09az", "y"), served()},
        {"8_2_1",
         "SameNameTwiceIsAccepted",
         "RFC 9110 section 5.3",
         {call_with(1, plus(kUnary, {{"x", "1"}, {"x", "2"}}))},
         served()},

        {"8_2_2", "ConnectionIsMalformed",
         "Any message containing connection-specific header fields MUST be treated as malformed",
         with_field("connection", "keep-alive"), malformed()},
        {"8_2_2", "EmptyConnectionIsMalformed", "as above", with_field("connection", ""),
         malformed()},
        {"8_2_2", "ProxyConnectionIsMalformed", "as above",
         with_field("proxy-connection", "keep-alive"), malformed()},
        {"8_2_2", "KeepAliveIsMalformed", "as above", with_field("keep-alive", "timeout=5"),
         malformed()},
        {"8_2_2", "TransferEncodingIsMalformed", "as above",
         with_field("transfer-encoding", "chunked"), malformed()},
        {"8_2_2", "UpgradeIsMalformed", "as above", with_field("upgrade", "h2c"), malformed()},
        {"8_2_2",
         "TeOtherThanTrailersIsMalformed",
         "TE MAY be present in an HTTP/2 request; when it is, it MUST NOT contain any value other "
         "than \"trailers\"",
         {call_with(1, with(kUnary, "te", "gzip"))},
         malformed()},
        {"8_2_2",
         "TeWithMoreThanTrailersIsMalformed",
         "as above",
         {call_with(1, with(kUnary, "te", "trailers, deflate;q=0.5"))},
         malformed()},
        {"8_2_2",
         "EmptyTeIsMalformed",
         "as above",
         {call_with(1, with(kUnary, "te", ""))},
         malformed()},
        {"8_2_2",
         "TeInAnyCaseIsAccepted",
         "RFC 9110 section 10.1.4: keywords ignore case",
         {call_with(1, with(kUnary, "te", "Trailers"))},
         served()},
        {"8_2_2",
         "RequestWithoutTeIsAccepted",
         "TE MAY be present",
         {call_with(1, without(kUnary, "te"))},
         served()},

        {"8_2_3",
         "CookieInPiecesIsAccepted",
         "the Cookie header field MAY be split into separate header fields",
         {call_with(1, plus(kUnary, {{"cookie", "a=b"}, {"cookie", "c=d"}, {"cookie", "e=f"}}))},
         served()},
    });

const Fields kPseudo = {
    {":method", "POST"}, {":scheme", "http"}, {":path", "/test.Kinds/Unary"}, {":authority", "h"}};
const Fields kRest = {{"te", "trailers"}, {"content-type", "application/grpc"}};

const int kPseudoHeaders = add_tests(
    "Rfc9113/Section",
    {
        {"8_3", "PseudoHeaderBehindARegularFieldIsMalformed",
         "All pseudo-header fields MUST appear in a field block before all regular field lines",
         request(plus(plus(without(kPseudo, ":path"), kRest), {{":path", "/test.Kinds/Unary"}})),
         malformed()},
        {"8_3", "PseudoHeaderBetweenRegularFieldsIsMalformed", "as above",
         request(
             plus(plus(plus(without(kPseudo, ":authority"), {{"a", "b"}}), {{":authority", "h"}}),
                  kRest)),
         malformed()},
        {"8_3", "PseudoHeadersInAnyOrderAreAccepted", "their order among themselves is free",
         request(plus({{":authority", "h"},
                       {":path", "/test.Kinds/Unary"},
                       {":scheme", "http"},
                       {":method", "POST"}},
                      kRest)),
         served()},
        {"8_3", "UnknownPseudoHeaderIsMalformed",
         "Endpoints MUST treat a request or response that contains undefined or invalid "
         "pseudo-header fields as malformed",
         request(plus(plus(kPseudo, {{":test", "ok"}}), kRest)), malformed()},
        {"8_3", "EmptyPseudoHeaderNameIsMalformed", "as above",
         request(plus(plus(kPseudo, {{":", "ok"}}), kRest)), malformed()},
        {"8_3", "UpperCasePseudoHeaderIsMalformed", "as above",
         request(plus(plus(without(kPseudo, ":path"), {{":Path", "/test.Kinds/Unary"}}), kRest)),
         malformed()},
        {"8_3", "PseudoHeaderOfResponsesIsMalformed",
         "Pseudo-header fields defined for responses MUST NOT appear in requests",
         request(plus(plus(kPseudo, {{":status", "200"}}), kRest)), malformed()},
        {"8_3", "ProtocolWithoutExtendedConnectIsMalformed", "RFC 8441 was not agreed upon",
         request(plus(plus(kPseudo, {{":protocol", "websocket"}}), kRest)), malformed()},
        {"8_3", "MethodTwiceIsMalformed",
         "The same pseudo-header field name MUST NOT appear more than once in a field block",
         request(plus(plus(kPseudo, {{":method", "POST"}}), kRest)), malformed()},
        {"8_3", "SchemeTwiceIsMalformed", "as above",
         request(plus(plus(kPseudo, {{":scheme", "http"}}), kRest)), malformed()},
        {"8_3", "PathTwiceIsMalformed", "as above",
         request(plus(plus(kPseudo, {{":path", "/"}}), kRest)), malformed()},
        {"8_3", "AuthorityTwiceIsMalformed", "as above",
         request(plus(plus(kPseudo, {{":authority", "h"}}), kRest)), malformed()},

        {"8_3_1", "MethodMissingIsMalformed",
         "All HTTP/2 requests MUST include exactly one valid value for the \":method\", "
         "\":scheme\", and \":path\" pseudo-header fields",
         request(plus(without(kPseudo, ":method"), kRest)), malformed()},
        {"8_3_1", "SchemeMissingIsMalformed", "as above",
         request(plus(without(kPseudo, ":scheme"), kRest)), malformed()},
        {"8_3_1", "PathMissingIsMalformed", "as above",
         request(plus(without(kPseudo, ":path"), kRest)), malformed()},
        {"8_3_1", "AllMissingIsMalformed", "as above", request(kRest), malformed()},
        {"8_3_1", "EmptyBlockIsMalformed", "as above", {headers_frame(1, "")}, malformed()},
        {"8_3_1", "EmptyPathIsMalformed",
         "This pseudo-header field MUST NOT be empty for http or https URIs",
         request(plus(with(kPseudo, ":path", ""), kRest)), malformed()},
        {"8_3_1", "PathWithoutSlashIsMalformed",
         "URIs that do not contain a path component MUST include a value of '/'",
         request(plus(with(kPseudo, ":path", "test.Kinds/Unary"), kRest)), malformed()},
        {"8_3_1", "AsteriskOfAnotherMethodIsMalformed", "the asterisk is for OPTIONS",
         request(plus(with(kPseudo, ":path", "*"), kRest)), malformed()},
        {"8_3_1",
         "AsteriskOfOptionsIsAccepted",
         "as above",
         {headers(1, with(with(kPseudo, ":method", "OPTIONS"), ":path", "*"), EndStream::Yes)},
         http(1, "405")},
        {"8_3_1", "SchemeOtherThanHttpIsAccepted",
         "\":scheme\" is not restricted to URIs with scheme http and https",
         request(plus(with(kPseudo, ":scheme", "https"), kRest)), served()},
        {"8_3_1", "AuthorityMissingIsAccepted", "a request may have none",
         request(plus(without(kPseudo, ":authority"), kRest)), served()},
        {"8_3_1", "HostInsteadOfAuthorityIsAccepted", "as above",
         request(plus(plus(without(kPseudo, ":authority"), kRest), {{"host", "h"}})), served()},
        {"8_3_1", "HostThatIsTheAuthorityIsAccepted", "the two identify the same entity",
         request(plus(plus(kPseudo, kRest), {{"host", "H"}})), served()},
        {"8_3_1", "HostWithTheDefaultPortIsAccepted", "values need to be normalized to compare",
         request(plus(plus(kPseudo, kRest), {{"host", "h:80"}})), served()},
        {"8_3_1", "HostThatIsNotTheAuthorityIsMalformed",
         "A server SHOULD treat a request as malformed if it contains a Host header field that "
         "identifies an entity that differs from the \":authority\" pseudo-header field",
         request(plus(plus(kPseudo, kRest), {{"host", "other"}})), malformed()},
        {"8_3_1", "TwoHostsThatDifferAreMalformed", "RFC 9110 section 7.2",
         request(plus(plus(without(kPseudo, ":authority"), kRest), {{"host", "h"}, {"host", "i"}})),
         malformed()},
        {"8_3_1", "UserInformationInTheAuthorityIsMalformed",
         "\":authority\" MUST NOT include the deprecated userinfo subcomponent for http or https",
         request(plus(with(kPseudo, ":authority", "me@h"), kRest)), malformed()},

        {"8_4",
         "ServerNeverPushes",
         "weft sends no PUSH_PROMISE, whatever is enabled",
         {settings({{SettingId::EnablePush, 1}}), call(1)},
         served() && [](RawConnection& c) { EXPECT_EQ(c.count(FrameType::PushPromise, 1), 0U); }},

        {"8_5",
         "ConnectIsAnswered",
         "the \":scheme\" and \":path\" MUST be omitted",
         {headers(1, {{":method", "CONNECT"}, {":authority", "h:80"}})},
         http(1, "405")},
        {"8_5",
         "ConnectWithPathIsMalformed",
         "A CONNECT request that does not conform to these restrictions is malformed",
         {headers(1, {{":method", "CONNECT"}, {":authority", "h:80"}, {":path", "/"}})},
         malformed()},
        {"8_5",
         "ConnectWithSchemeIsMalformed",
         "as above",
         {headers(1, {{":method", "CONNECT"}, {":authority", "h:80"}, {":scheme", "http"}})},
         malformed()},
        {"8_5",
         "ConnectWithoutAuthorityIsMalformed",
         "as above",
         {headers(1, {{":method", "CONNECT"}})},
         malformed()},

        {"8_7",
         "RefusedStreamWasNotProcessed",
         "REFUSED_STREAM says that the stream was closed before any processing had occurred",
         {open(1) + open(3) + call(5), settled(), rst_stream(1, ErrorCode::Cancel) + call(7)},
         served(7) &&
             [](RawConnection& c) {
               ASSERT_NE(c.first(FrameType::RstStream, 5), nullptr);
               EXPECT_EQ(c.first(FrameType::RstStream, 5)->error(), ErrorCode::RefusedStream);
               EXPECT_EQ(c.first(FrameType::Headers, 5), nullptr);
             },
         kAfterHandshake,
         kNarrow},

        {"10_5_1",
         "HeaderListAboveTheLimitEndsTheCallAlone",
         "A server that receives a larger field block than it is willing to handle can send an "
         "HTTP 431 status code; gRPC's way is RESOURCE_EXHAUSTED",
         {headers_frame(1, block(plus(kUnary, {{"x", std::string(8000, 'x')}})), 0) +
          continuation(1, block({{"y", std::string(8000, 'y')}, {"z", std::string(1000, 'z')}})) +
          data(1, message("hi"), EndStream::Yes)},
         grpc_status(1, "8")},
        {"10_5_1",
         "HeaderListUpToTheLimitIsAccepted",
         "as above",
         {headers_frame(1, block(plus(kUnary, {{"x", std::string(8000, 'x')}})), 0) +
          continuation(1, block({{"y", std::string(7000, 'y')}})) +
          data(1, message("hi"), EndStream::Yes)},
         served()},
        {"10_5_1",
         "LimitIsAnnounced",
         "SETTINGS_MAX_HEADER_LIST_SIZE",
         {settings()},
         accepted() &&
             [](RawConnection& c) {
               EXPECT_NE(c.first(FrameType::Settings, 0)->payload.find(setting(6, 16384)),
                         std::string::npos);
             }},
    });

}  // namespace
}  // namespace weft::conformance
