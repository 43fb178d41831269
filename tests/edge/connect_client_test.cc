// Channels that speak Connect and gRPC-Web, to weft's own server, in virtual time.

#include <optional>
#include <string>
#include <vector>

#include "weft/codec/json/json.h"
#include "weft/coro/scope.h"
#include "weft/edge/client/internal/test_edge_client.h"
#include "weft/http1/client/internal/test_server.h"
#include "weft/middleware/attempts/retry.h"

namespace weft::edge {
namespace {

using test::ClientWorld;
using test::Note;
using test::note;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class EdgeClient : public ::testing::TestWithParam<const char*> {
 protected:
  bool is_web() const { return std::string_view(GetParam()).starts_with("grpc-web"); }
};
INSTANTIATE_TEST_SUITE_P(Protocols, EdgeClient,
                         ::testing::Values("connect+http://", "grpc-web+http://"),
                         [](const auto& info) {
                           return info.param[0] == 'c' ? "Connect" : "GrpcWeb";
                         });

TEST_P(EdgeClient, CallsAreAnswered) {
  ClientWorld world(GetParam());
  for (const std::string& text : {std::string("hello"), std::string(), std::string(300'000, 'x')}) {
    const Result<Note> reply = world.echo(text);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->file_name(), text);
  }
  EXPECT_EQ(world.world().server().active_connections(), 1U);
}

TEST_P(EdgeClient, MetadataAndTrailersAreCarried) {
  ClientWorld world(GetParam());
  Metadata metadata;
  metadata.add("x-user", "me");
  metadata.add("x-raw-bin", std::string_view("\0z", 2));
  Result<Note> reply = world.echo("seen", {.metadata = &metadata});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->file_name(), StartsWith(std::string("me \0z ", 6)));
  Metadata head;
  Metadata tail;
  reply = world.echo("metadata", {.response_metadata = &head, .trailers = &tail});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(head.get("x-head"), "a");
  EXPECT_EQ(head.get("x-head-bin"), std::string_view("\0\xff", 2));
  EXPECT_EQ(tail.get("x-tail"), "b");
  EXPECT_EQ(head.get("content-type"), std::nullopt);
}

TEST_P(EdgeClient, ErrorsCarryMessageDetailsAndTrailers) {
  ClientWorld world(GetParam());
  Metadata tail;
  const Result<Note> reply = world.echo("fail", {.trailers = &tail});
  EXPECT_EQ(reply.status().code(), StatusCode::NotFound);
  EXPECT_EQ(reply.status().origin(), Origin::Peer);
  EXPECT_THAT(std::string(reply.status().message()), StartsWith("no \"note\"\n"));
  const std::optional<Note> detail = weft::detail<Note>(reply.status());
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->file_name(), "detail");
  EXPECT_EQ(tail.get("x-tail"), "b");
}

TEST_P(EdgeClient, UnknownMethodsAreUnimplemented) {
  ClientWorld world(GetParam());
  static constexpr MethodDescriptor kNone{.name = "None", .path = "/test.Notes/None"};
  const Note request = note("x");
  const Result<Note> reply =
      world.run(rpc::call_unary<Note>(world.channel(), kNone, request, CallOptions{}));
  EXPECT_EQ(reply.status().code(), StatusCode::Unimplemented);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("no method 'None'"));
}

TEST_P(EdgeClient, DeadlinesEndTheCallOnBothSides) {
  ClientWorld world(GetParam());
  const Result<Note> reply = world.echo("sleep", {.timeout = 50ms});
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  world.world().run_for(10ms);
  EXPECT_EQ(world.notes().ended, 1);
}

TEST_P(EdgeClient, DeadlinesHoldWithoutTheServer) {
  ClientWorld world(GetParam());
  world.run([]() -> Task<> { co_return; }());
  world.notes().until = world.world().now() + 1h;
  const TimePoint begun = world.world().now();
  const Result<Note> reply = world.echo("stubborn", {.timeout = 50ms});
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded);
  EXPECT_LE(world.world().now() - begun, Duration(60ms));
}

Task<> cancel_after(Context& context, Duration time) {
  static_cast<void>(co_await net::sleep(time));
  context.cancel(cancelled("enough"));
}

Task<Status> call_and_cancel(Channel& channel, Context& context) {
  Scope scope(nullptr);
  scope.spawn(cancel_after(context, 10ms));
  const Note request = note("sleep");
  const Result<Note> reply =
      co_await rpc::call_unary<Note>(channel, test::kMethods[0], request, CallOptions{})
          .in(context);
  co_await scope.join();
  co_return reply.status();
}

TEST_P(EdgeClient, CancellationEndsTheCall) {
  ClientWorld world(GetParam());
  Context context;
  const Status status = world.run(call_and_cancel(world.channel(), context));
  EXPECT_EQ(status.code(), StatusCode::Cancelled);
  EXPECT_EQ(status.message(), "enough");
}

Task<> echo_into(Channel& channel, std::vector<std::string>& answers) {
  const Note request = note("sleep");
  const Result<Note> reply =
      co_await rpc::call_unary<Note>(channel, test::kMethods[0], request, CallOptions{});
  answers.push_back(reply.status().to_string());
}

TEST_P(EdgeClient, CallsOfADestroyedChannelAreCancelled) {
  ClientWorld world(GetParam());
  ASSERT_TRUE(world.echo("warm").ok());
  std::vector<std::string> answers;
  Scope scope(nullptr);
  world.world().client_host().enter([&] { scope.spawn(echo_into(world.channel(), answers)); });
  world.world().run_for(1s);
  world.world().client_host().enter([&] { world.drop_channel(); });
  world.world().run(scope.join());
  EXPECT_THAT(answers, ::testing::ElementsAre("CANCELLED: the channel was destroyed"));
}

TEST_P(EdgeClient, MessagesAreCompressedBothWays) {
  for (const Compression compression :
       {Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    ClientWorld world(GetParam());
    Result<Note> reply = world.echo(std::string(5000, 'y'), {.compression = compression});
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->file_name(), std::string(5000, 'y'));
    reply = world.echo("gzip");
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->file_name(), std::string(1000, 'z'));
    EXPECT_EQ(world.expand("gzip"), ".g.z.i.p OK");
  }
}

TEST_P(EdgeClient, FormatsAreTheCallers) {
  ClientWorld world(GetParam(), {.codec = json_codec()});
  const Result<Note> reply = world.echo("as json");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->file_name(), "as json");
}

TEST_P(EdgeClient, ServerStreamsComeMessageByMessage) {
  ClientWorld world(GetParam());
  Metadata head;
  Metadata tail;
  EXPECT_EQ(world.expand("abc", {.response_metadata = &head, .trailers = &tail}), ".a.b.c OK");
  EXPECT_EQ(head.get("x-head"), "a");
  EXPECT_EQ(tail.get("x-tail"), "b");
  EXPECT_EQ(world.expand(""), " OK");
  EXPECT_THAT(world.expand("fail"), HasSubstr("NOT_FOUND: nothing here"));
  EXPECT_THAT(world.expand("a!c"), StartsWith(".a.! ABORTED: midway"));
  EXPECT_EQ(world.world().server().active_connections(), 1U) << "kept behind streams";
}

TEST_P(EdgeClient, ServerStreamsEndAtTheDeadline) {
  ClientWorld world(GetParam());
  EXPECT_THAT(world.expand("as", {.timeout = 50ms}), StartsWith(".a.s DEADLINE_EXCEEDED"));
  world.world().run_for(1s);
  EXPECT_FALSE(world.notes().slept.ok());
}

Task<std::string> collect(Channel& channel, int count) {
  auto writer =
      co_await rpc::OpenStream<ClientWriter<Note, Note>>(channel, test::kMethods[1], nullptr, {});
  const Note part = note("ab");
  for (int i = 0; i < count; ++i) {
    const bool written = co_await writer.write(part);
    if (!written) break;
  }
  const Result<Note> reply = co_await writer.finish();
  co_return reply.ok() ? reply->file_name() : reply.status().to_string();
}

TEST_P(EdgeClient, ClientStreamsAreSentMessageByMessage) {
  ClientWorld world(GetParam());
  EXPECT_EQ(world.run(collect(world.channel(), 3)), "ababab");
  EXPECT_EQ(world.run(collect(world.channel(), 0)), "");
  EXPECT_EQ(world.run(collect(world.channel(), 20'000)).size(), 40'000U);
}

Task<std::string> chat(Channel& channel) {
  auto stream = co_await rpc::OpenStream<ClientReaderWriter<Note, Note>>(channel, test::kMethods[3],
                                                                         nullptr, {});
  std::string seen;
  for (const char* text : {"a", "b", "c"}) {
    const Note part = note(text);
    const bool written = co_await stream.write(part);
    if (!written) break;
    const std::optional<Note> echo = co_await stream.read();
    if (!echo) break;
    seen += echo->file_name();
  }
  stream.half_close();
  const std::optional<Note> more = co_await stream.read();
  const Status status = co_await stream.finish();
  co_return seen + (more ? " more " : " ") + status.to_string();
}

TEST_P(EdgeClient, StreamsBothWaysWorkWhereTheProtocolCan) {
  ClientWorld world(GetParam());
  const std::string seen = world.run(chat(world.channel()));
  if (is_web()) {
    EXPECT_EQ(seen, "abc OK");
  } else {
    EXPECT_THAT(seen, HasSubstr("UNIMPLEMENTED: /test.Notes/Chat streams both ways, for which "
                                "Connect needs HTTP/2"));
  }
}

TEST_P(EdgeClient, LimitsOfMessagesAreNamed) {
  ClientWorld world(GetParam(), {.max_receive_size = 50, .max_send_size = 300});
  Result<Note> reply = world.echo(std::string(301, 'x'));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "request message of 304 bytes is larger than the limit of 300 "
            "(ChannelOptions::max_send_size)");
  reply = world.echo(std::string(60, 'x'));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "a message of 62 bytes is larger than the limit of 50 bytes (max_receive_size)");
  // 1000 bytes, which were compressed to fewer than the limit.
  reply = world.echo("gzip");
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
}

TEST_P(EdgeClient, FailuresMayBeRetried) {
  ClientWorld world(GetParam());
  world.channel().use(retry({.max_attempts = 3, .codes = {StatusCode::NotFound}}));
  EXPECT_EQ(world.echo("fail").status().code(), StatusCode::NotFound);
  EXPECT_EQ(world.notes().calls, 3);
}

TEST_P(EdgeClient, MiddlewaresOfAttemptsRun) {
  ClientWorld world(GetParam());
  int seen = 0;
  world.channel().use_per_endpoint([&](Call& call, Next next) -> Task<Status> {
    ++seen;
    call.request_metadata().add("x-user", "middleware");
    co_return co_await next(call);
  });
  const Result<Note> reply = world.echo("seen");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->file_name(), StartsWith("middleware"));
  EXPECT_EQ(seen, 1);
}

TEST_P(EdgeClient, ServersThatAreNotThereAreUnavailable) {
  ClientWorld world(GetParam());
  Channel nobody(std::string(GetParam()) + "server:1");
  const Note request = note("x");
  const Result<Note> reply =
      world.run(rpc::call_unary<Note>(nobody, test::kMethods[0], request, CallOptions{}));
  EXPECT_EQ(reply.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(reply.status().origin(), Origin::Transport);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("http://server:1/test.Notes/Echo"));
}

TEST(EdgeClientGet, MethodsWithoutSideEffectsMayGoByGet) {
  ClientWorld world("connect+http://",
                    {.transport = client_transport({.safe_methods = SafeMethods::Get})});
  Result<Note> reply = world.echo("?\xc3\xbf>~ with & and =");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->file_name(), "?\xc3\xbf>~ with & and =");
  reply = world.echo(std::string(5000, 'y'), {.compression = Compression::Gzip});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->file_name().size(), 5000U);
  // Too long for a URL.
  reply = world.echo(std::string(20'000, 'y'));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->file_name().size(), 20'000U);
}

/// The first request of a call as it is on the wire.
std::string request_of(const std::string& scheme, ChannelOptions options, CallOptions call = {}) {
  net::SimNetwork network(1);
  http1::test::ScriptedServer server(network.host("server"), 80);
  server.answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
  {
    options.user_agent = "test";
    Channel channel(scheme + "server/api/", std::move(options));
    const Note request = note("x");
    static_cast<void>(testing::run(
        network.host("client"), rpc::call_unary<Note>(channel, test::kMethods[0], request, call)));
  }
  network.run_for(1min);
  return server.requests().empty() ? "none" : server.requests().front();
}

TEST(EdgeClientRequests, AreAsTheProtocolsHaveThem) {
  const std::string message("\x0a\x01x", 3);
  std::string request = request_of("connect+http://", {}, {.timeout = 1500ms});
  EXPECT_THAT(request, StartsWith("POST /api/test.Notes/Echo HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("content-type: application/proto\r\n"));
  EXPECT_THAT(request, HasSubstr("connect-protocol-version: 1\r\n"));
  EXPECT_THAT(request, HasSubstr("connect-timeout-ms: 1500\r\n"));
  EXPECT_THAT(request, HasSubstr("accept-encoding: identity, gzip, deflate, zstd\r\n"));
  EXPECT_THAT(request, ::testing::EndsWith("\r\n\r\n" + message));
  request = request_of("grpc-web+http://", {}, {.timeout = 1500ms});
  EXPECT_THAT(request, HasSubstr("content-type: application/grpc-web+proto\r\n"));
  EXPECT_THAT(request, HasSubstr("x-grpc-web: 1\r\n"));
  EXPECT_THAT(request, HasSubstr("grpc-timeout: 1500"));
  EXPECT_THAT(request, ::testing::EndsWith(std::string("\r\n\r\n\0\0\0\0\x03", 9) + message));
}

TEST(EdgeClientRequests, OfAGetHaveTheMessageInTheUrl) {
  const std::string request = request_of(
      "connect+http://", {.transport = client_transport({.safe_methods = SafeMethods::Get})});
  EXPECT_THAT(request, StartsWith("GET /api/test.Notes/Echo?connect=v1&encoding=proto&base64=1&"
                                  "message=CgF4 HTTP/1.1\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("content-type")));
}

TEST(EdgeClientRequests, AuthorityIsTheNameInTheUrl) {
  const std::string request = request_of("connect+http://", {.authority = "api.example:8080"});
  EXPECT_THAT(request, HasSubstr("host: api.example:8080\r\n"));
}

TEST(EdgeClientRequests, ProtocolFieldsAreNoMetadata) {
  Metadata metadata;
  metadata.add("content-encoding", "br");
  ClientWorld world("connect+http://");
  const Result<Note> reply = world.echo("x", {.metadata = &metadata});
  EXPECT_EQ(reply.status().message(),
            "request metadata content-encoding is a field of the protocol");
}

/// The status of a call by a channel to `target`, where nothing listens.
std::string told(const std::string& target, ChannelOptions options = {}) {
  net::SimNetwork network(1);
  Channel channel(target, std::move(options));
  const Note request = note("x");
  const Result<Note> reply =
      testing::run(network.host("client"),
                   rpc::call_unary<Note>(channel, test::kMethods[0], request, CallOptions{}));
  return reply.status().to_string();
}

TEST(EdgeClientTargets, PasswordsAreNotInErrors) {
  for (const char* target : {"https://user:secret@host", "user:secret@host", "a:secret://host"}) {
    EXPECT_THAT(told(target, {.transport = client_transport({})}),
                AllOf(StartsWith("INVALID_ARGUMENT"), Not(HasSubstr("secret"))));
  }
}

TEST(EdgeClientTargets, QueriesAreNotInErrors) {
  EXPECT_EQ(told("connect+http://host/a?key=secret"),
            "INVALID_ARGUMENT: target connect+http://host/a: it has a query or a fragment, and "
            "takes neither");
  EXPECT_THAT(told("grpc-web+https://host#secret"),
              AllOf(HasSubstr("has a query or a fragment"), Not(HasSubstr("secret"))));
}

TEST(EdgeClientTargets, AuthorityAndProxyExcludeEachOther) {
  EXPECT_EQ(told("connect+http://host", {.authority = "api.example", .proxy = "environment"}),
            "INVALID_ARGUMENT: ChannelOptions::authority and ChannelOptions::proxy are both set, "
            "and a channel by Connect or gRPC-Web takes only one of them");
}

TEST(EdgeClientTargets, WhatIsNoServerIsNamed) {
  EXPECT_THAT(told("connect+http:"), StartsWith("INVALID_ARGUMENT: the channel's target: "));
  EXPECT_THAT(told("connect+http://host/a?b=c"), HasSubstr("has a query or a fragment"));
  EXPECT_THAT(told("connect+http://user:secret@host"),
              AllOf(StartsWith("INVALID_ARGUMENT"), Not(HasSubstr("secret"))));
  EXPECT_THAT(told("connect+http://host", {.tls = TlsClientOptions{}}), HasSubstr("has no TLS"));
  EXPECT_THAT(told("host:1", {.transport = client_transport({})}),
              HasSubstr("does not begin with"));
  EXPECT_THAT(told("https://host", {.transport = client_transport({})}),
              HasSubstr("but with https://"));
  EXPECT_THAT(told("connect+http://host", {.transport = client_transport({.max_connections = 0})}),
              HasSubstr("max_connections"));
}

}  // namespace
}  // namespace weft::edge
