// Metadata and statuses of calls, end to end.

#include <string>

#include <gtest/gtest.h>

#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

std::string binary() { return std::string("\0\xff\x80 bytes\n", 10); }

/// Sends back what it got, and fails when told to.
struct Mirror : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    for (const Metadata::Entry entry : context.metadata()) {
      if (!entry.name.starts_with("x-")) continue;
      context.response_metadata().add(entry.name, entry.value);
      context.trailers().add(std::string("t") + std::string(entry.name), entry.value);
    }
    if (request.value() == "fail") return failed_precondition("as asked");
    return request;
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>&) override {
    context.response_metadata().add("x-early", "1");
    context.send_response_metadata();
    context.response_metadata().add("x-late", "1");
    static_cast<void>(co_await reader.read());
    context.trailers().add("x-trailing", "1");
    co_return aborted("the end");
  }
};

struct Sent {
  Metadata request;
  Metadata response;
  Metadata trailers;
};

Task<Result<Text>> call_with(Channel& channel, Sent& sent, std::string value) {
  CallOptions options;
  options.metadata = &sent.request;
  options.response_metadata = &sent.response;
  options.trailers = &sent.trailers;
  const Text request = text(value);
  co_return co_await test::unary(channel, request, options);
}

class MetadataOfCalls : public ::testing::Test {
 protected:
  MetadataOfCalls() {
    world.add<Mirror>();
    sent.request.add("x-text", "some text");
    sent.request.add("X-Twice", "first");
    sent.request.add("x-twice", "second");
    sent.request.add("x-raw-bin", binary());
    sent.request.add("x-empty-bin", "");
    sent.request.add("x-empty", "");
  }
  InProcess world;
  Sent sent;
};

TEST_F(MetadataOfCalls, GoesBothWaysAsTextAndAsBytes) {
  const Result<Text> reply = world.run(call_with(world.channel(), sent, ""));
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(sent.response.get("x-text"), "some text");
  EXPECT_EQ(sent.response.get_all("x-twice"), (std::vector<std::string_view>{"first", "second"}));
  EXPECT_EQ(sent.response.get("x-raw-bin"), binary());
  EXPECT_EQ(sent.response.get("x-empty-bin"), "");
  EXPECT_EQ(sent.response.get("x-empty"), "");
  EXPECT_EQ(sent.trailers.get("tx-raw-bin"), binary());
  EXPECT_EQ(sent.trailers.get("tx-text"), "some text");
  EXPECT_FALSE(sent.trailers.get("x-text").has_value());
  EXPECT_FALSE(sent.response.get("content-type").has_value());
  EXPECT_FALSE(sent.trailers.get("grpc-status").has_value());
}

TEST_F(MetadataOfCalls, ComesWithAnErrorAsWhatTheHandlerMadeIt) {
  const Result<Text> reply = world.run(call_with(world.channel(), sent, "fail"));
  EXPECT_EQ(reply.status().code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(reply.status().message(), "as asked");
  EXPECT_EQ(sent.response.get("x-text"), "some text");
  EXPECT_FALSE(sent.trailers.get("x-text").has_value());
  EXPECT_EQ(sent.trailers.get("tx-raw-bin"), binary());
}

/// Reads to the end of a stream without messages.
Task<Status> read_nothing(Channel& channel, Metadata& response) {
  const Text request = text("");
  auto stream = co_await test::expand(channel, request, {.response_metadata = &response});
  const std::optional<Text> none = co_await stream.read();
  EXPECT_FALSE(none.has_value());
  co_return co_await stream.finish();
}

/// Announces a stream in which nothing comes.
struct Announcer : Kinds {
  Task<Status> Expand(ServerContext& context, const Text&, Writer<Text>&) override {
    context.response_metadata().add("x-count", "0");
    co_return ok_status();
  }
};

TEST(MetadataOfHandlers, ArrivesAlsoWhereNoMessageDoes) {
  InProcess world;
  world.add<Announcer>();
  Metadata response;
  const Status status = world.run(read_nothing(world.channel(), response));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(response.get("x-count"), "0");
}

TEST_F(MetadataOfCalls, OfMiddlewaresIsCheckedLikeTheCallersOwn) {
  // As a token is that was read from a file with its last line's end.
  const auto add_token = [](Call& call, Next next) {
    call.request_metadata().add("authorization", "Bearer abc\n");
    return next(call);
  };
  for (const bool per_endpoint : {false, true}) {
    InProcess other;
    other.add<Mirror>();
    per_endpoint ? other.channel().use_per_endpoint(add_token) : other.channel().use(add_token);
    const Result<Text> reply = other.run(call_with(other.channel(), sent, ""));
    EXPECT_EQ(reply.status().code(), StatusCode::InvalidArgument) << reply.status();
    EXPECT_NE(reply.status().message().find("authorization"), std::string::npos) << reply.status();
    EXPECT_EQ(reply.status().origin(), Origin::Local);
  }
}

TEST_F(MetadataOfCalls, OfReservedNamesIsRefusedBeforeItIsSent) {
  for (const std::string name : {"grpc-status", "grpc-timeout", ":path", "te", "content-type",
                                 "connection", "Has Space", "umläut"}) {
    Sent bad;
    bad.request.add(name, "1");
    const Result<Text> reply = world.run(call_with(world.channel(), bad, ""));
    EXPECT_EQ(reply.status().code(), StatusCode::InvalidArgument) << name;
    EXPECT_EQ(reply.status().origin(), Origin::Local);
  }
  Sent bad;
  bad.request.add("x-text", "line\nbreak");
  EXPECT_EQ(world.run(call_with(world.channel(), bad, "")).status().code(),
            StatusCode::InvalidArgument);
  EXPECT_EQ(world.server().active_connections(), 0U);
}

TEST_F(MetadataOfCalls, BeyondTheServersLimitIsResourceExhausted) {
  Sent big;
  big.request.add("x-big", std::string(20 * 1024, 'b'));
  const Result<Text> reply = world.run(call_with(world.channel(), big, ""));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().message(),
            "request metadata of 20950 bytes is larger than the limit of 16384 that "
            "memory:server:50051 has announced (SETTINGS_MAX_HEADER_LIST_SIZE)");
  EXPECT_TRUE(world.run(call_with(world.channel(), sent, "")).ok());
}

Task<Status> look_early(Channel& channel, bool& early, bool& late, bool& trailing, Duration& when) {
  auto stream = co_await test::chat(channel);
  co_await stream.response_metadata_arrived();
  when = net::Loop::current()->now().time_since_epoch();
  early = stream.response_metadata().get("x-early") == "1";
  late = stream.response_metadata().get("x-late").has_value();
  Status status = co_await stream.finish();
  trailing = stream.trailers().get("x-trailing") == "1";
  co_return status;
}

TEST_F(MetadataOfCalls, MayBeSentBeforeTheFirstMessage) {
  bool early = false;
  bool late = true;
  bool trailing = false;
  Duration when{};
  const Status status = world.run(look_early(world.channel(), early, late, trailing, when));
  EXPECT_EQ(status.code(), StatusCode::Aborted);
  EXPECT_TRUE(early);
  EXPECT_FALSE(late);
  EXPECT_TRUE(trailing);
}

/// Answers with what a handler must not send.
struct Rude : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    const std::string& name = request.value();
    context.response_metadata().add(name, "a\r\nb");
    context.trailers().add(name, "a\r\nb");
    return request;
  }
};

TEST(MetadataOfHandlers, ThatMustNotBeSentMakesTheCallInternal) {
  InProcess world;
  world.add<Rude>();
  for (const std::string name : {"x-text", "grpc-status", ":status", "bad name", "connection"}) {
    const Result<Text> reply = world.run(test::unary(world.channel(), text(name)));
    EXPECT_EQ(reply.status().code(), StatusCode::Internal) << name;
    EXPECT_NE(reply.status().message().find("metadata"), std::string::npos)
        << reply.status().to_string();
  }
  EXPECT_EQ(world.server().active_connections(), 1U);
}

/// Ends with the status that the request names.
struct Ends : Kinds {
  Status next;
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (next.ok()) return request;
    return next;
  }
};

TEST(Statuses, AllCodesArriveWithTheirMessages) {
  InProcess world;
  Ends& service = world.add<Ends>();
  for (int code = 1; code <= 16; ++code) {
    const std::string message = "code " + std::to_string(code) + ": 100 % ünïcode\n\ttabs \x01";
    service.next = Status(static_cast<StatusCode>(code), message);
    const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
    EXPECT_EQ(static_cast<int>(reply.status().code()), code);
    EXPECT_EQ(reply.status().message(), message);
    EXPECT_EQ(reply.status().origin(), Origin::Peer);
    EXPECT_EQ(reply.status().details(), "");
  }
  service.next = {};
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("x"))).ok());
}

TEST(Statuses, ANumberThatIsNoCodeArrivesAsUnknown) {
  InProcess world;
  Ends& service = world.add<Ends>();
  for (const int code : {17, 26, 256, -1}) {
    service.next = Status(static_cast<StatusCode>(code), "why");
    const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
    EXPECT_EQ(reply.status().code(), StatusCode::Unknown);
    EXPECT_EQ(reply.status().message(),
              "status code " + std::to_string(code) + ", which is none: why");
  }
}

TEST(Statuses, AMessageMayBeEmptyOrLong) {
  InProcess world;
  Ends& service = world.add<Ends>();
  service.next = Status(StatusCode::NotFound, "");
  Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status(), service.next);
  service.next = Status(StatusCode::NotFound, std::string(8000, 'm'));
  reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status(), service.next);
}

TEST(Statuses, AMessageLargerThanTheClientTakesKeepsItsCode) {
  InProcess world;
  Ends& service = world.add<Ends>();
  service.next = Status(StatusCode::NotFound, std::string(100 * 1024, 'm'));
  const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status().code(), StatusCode::NotFound) << reply.status().to_string();
}

TEST(Statuses, DetailsLargerThanTheClientTakesAreLeftOut) {
  InProcess world;
  Ends& service = world.add<Ends>();
  service.next = Status(StatusCode::NotFound, "short").with_details(std::string(40000, 'd'));
  const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status(), service.next);
  EXPECT_EQ(reply.status().details(), "");
}

TEST(Statuses, DetailsArriveAsTheyWere) {
  InProcess world;
  Ends& service = world.add<Ends>();
  service.next = Status(StatusCode::InvalidArgument, "see the details").with_details(binary());
  const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status(), service.next);
  EXPECT_EQ(reply.status().details(), binary());
}

struct Throws : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (request.value() == "plain") throw std::runtime_error("secret");
    return thrower();
  }
  static Task<Result<Text>> thrower() {
    (void)co_await net::sleep(1ms);
    throw 42;
  }
};

TEST(Statuses, AThrowingHandlerIsInternalWithoutItsText) {
  InProcess world;
  world.add<Throws>();
  for (const std::string how : {"plain", "later"}) {
    const Result<Text> reply = world.run(test::unary(world.channel(), text(how)));
    EXPECT_EQ(reply.status().code(), StatusCode::Internal);
    EXPECT_EQ(reply.status().message(), "the handler threw an exception");
  }
}

Task<Status> throw_at_once(Call& call, Next next) {
  if (call.method_name() == "Unary") throw std::runtime_error("secret");
  return next(call);
}

TEST(Statuses, AThrowingPlainMiddlewareIsInternal) {
  InProcess world;
  world.add<Kinds>();
  world.server().use(throw_at_once);
  const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status().code(), StatusCode::Internal);
  EXPECT_EQ(reply.status().message(), "the handler threw an exception");
}

Task<Status> refuse_at_once(Call&, Next) { return permission_denied("not you"); }

TEST(Statuses, AMiddlewareMayAnswerWithoutACoroutine) {
  InProcess world;
  world.add<Kinds>();
  world.server().use(refuse_at_once);
  const Result<Text> reply = world.run(test::unary(world.channel(), text("x")));
  EXPECT_EQ(reply.status(), permission_denied("not you"));
}

TEST(Statuses, UserAgentAndAuthorityAreSent) {
  net::SimNetwork network(1);
  testing::ScriptedServer server(network.host("server"), 1);
  Channel channel("server:1", {.authority = "api.example", .user_agent = "app/2"});
  const Text value = text("x");
  net::SimLoop& client = network.host("client");
  Task<Result<Text>> task = test::unary(channel, value, {.timeout = 1s});
  EXPECT_THROW((void)testing::run(client, std::move(task), 10ms), testing::DidNotHappen);
  const testing::Frame& request = server.accept().expect(FrameType::Headers);
  EXPECT_EQ(request.field(":authority"), "api.example");
  EXPECT_TRUE(request.field("user-agent").starts_with("app/2 weft-c++/"));
  EXPECT_EQ(request.field("te"), "trailers");
  EXPECT_EQ(request.field("content-type"), "application/grpc");
  EXPECT_FALSE(request.field("grpc-timeout").empty());
}

TEST(Statuses, AnAuthorityFromANameOfAnyKindIsEscaped) {
  net::SimNetwork network(1);
  testing::ScriptedServer server(network.host("server"), 1);
  Channel channel("mine:///a\r\nx: \xc3\xa4", {.resolver = [](net::Loop& loop, const auto&) {
                    return cluster::make_resolver(loop, "server:1");
                  }});
  const Text value = text("x");
  net::SimLoop& client = network.host("client");
  Task<Result<Text>> task = test::unary(channel, value, {.timeout = 1s});
  EXPECT_THROW((void)testing::run(client, std::move(task), 10ms), testing::DidNotHappen);
  EXPECT_EQ(server.accept().expect(FrameType::Headers).field(":authority"), "a%0D%0Ax:%20%C3%A4");
}

TEST(Statuses, TheAuthorityOfAListIsItsFirstAddress) {
  net::SimNetwork network(1);
  testing::ScriptedServer server(network.host("server"), 1);
  Channel channel("static:memory:server:1;weight=2,memory:server:1");
  const Text value = text("x");
  net::SimLoop& client = network.host("client");
  Task<Result<Text>> task = test::unary(channel, value, {.timeout = 1s});
  EXPECT_THROW((void)testing::run(client, std::move(task), 10ms), testing::DidNotHappen);
  EXPECT_EQ(server.accept().expect(FrameType::Headers).field(":authority"), "memory:server:1");
}

}  // namespace
}  // namespace weft::rpc
