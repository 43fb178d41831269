// Calls whose messages are of another format than protobuf, with codecs that a user could have
// written: on both sides, of all four kinds, and what becomes of codecs and peers that do it wrong.

#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/codec/codec.h"
#include "weft/rpc/client/attempt.h"
#include "weft/rpc/client/blocking.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using google::protobuf::MessageLite;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::Fields;
using testing::Frame;
using ::testing::HasSubstr;
using testing::InProcess;
using testing::ScriptedPeer;
using testing::ScriptedServer;

/// "name<value>" of messages whose first field is a text, found by reflection.
class ToyCodec : public Codec {
 public:
  explicit ToyCodec(std::string name) : name_(std::move(name)) {}
  std::string_view name() const noexcept override { return name_; }
  Result<Message> encode(const MessageLite& object) const override {
    const auto& message = dynamic_cast<const google::protobuf::Message&>(object);
    const std::string value =
        message.GetReflection()->GetString(message, message.GetDescriptor()->field(0));
    return Message(Bytes::copy_of(name_ + "<" + value + ">"));
  }
  Status decode(const Message& message, MessageLite& into) const override {
    const std::string_view all = message.bytes().view();
    if (!all.starts_with(name_ + "<") || !all.ends_with('>')) {
      return invalid_argument("it does not begin with " + name_ + "<");
    }
    auto& filled = dynamic_cast<google::protobuf::Message&>(into);
    filled.GetReflection()->SetString(
        &filled, filled.GetDescriptor()->field(0),
        std::string(all.substr(name_.size() + 1, all.size() - name_.size() - 2)));
    return {};
  }

 private:
  std::string name_;
};

/// Fails with some texts, as they say.
class MoodyCodec final : public ToyCodec {
 public:
  MoodyCodec() : ToyCodec("moody") {}
  Result<Message> encode(const MessageLite& object) const override {
    Result<Message> encoded = ToyCodec::encode(object);
    const std::string value(encoded->bytes().view());
    if (value == "moody<unwritable>") return not_found("no word for it");
    if (value == "moody<huge>") return resource_exhausted("too deep");
    if (value == "moody<thrown>") throw std::runtime_error("a secret");
    if (value == "moody<five>") throw 5;
    if (value == "moody<memory>") throw std::bad_alloc();
    return encoded;
  }
  Status decode(const Message& message, MessageLite& into) const override {
    const std::string_view value = message.bytes().view();
    if (value == "moody<unreadable>") return data_loss("no such word");
    if (value == "moody<catch>") throw std::runtime_error("a secret");
    if (value == "moody<exhausting>") throw std::bad_alloc();
    return ToyCodec::decode(message, into);
  }
};

const ToyCodec kToy("toy");
const ToyCodec kOther("other");
const MoodyCodec kMoody;

InProcess::Options options(std::shared_ptr<const Codec> codec) {
  InProcess::Options made;
  made.channel.codec = std::move(codec);
  return made;
}

/// A server of all the codecs here and a channel with the first.
struct World : InProcess {
  explicit World(std::shared_ptr<const Codec> codec = std::make_shared<ToyCodec>("toy"))
      : InProcess(options(std::move(codec))) {
    server().add(std::make_shared<ToyCodec>("toy"));
    server().add(std::make_shared<ToyCodec>("other"));
    server().add(std::make_shared<MoodyCodec>());
  }
  Result<Text> call(std::string_view value, CallOptions call_options = {}) {
    const Text request = text(value);
    return run(test::unary(channel(), request, call_options));
  }
};

/// Answers with the format of its request, or as a request says.
class Formats : public Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    if (request.value().starts_with("say ")) return text(request.value().substr(4));
    const Codec* const codec = context.call().codec();
    return text(codec == nullptr ? "protobuf" : codec->name());
  }
};

TEST(CodecCall, AUnaryCallIsOfTheChannelsFormatBothWays) {
  World world;
  world.add<Formats>();
  const Result<Text> reply = world.call("hello");
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "toy");
}

TEST(CodecCall, ACallsChoiceGoesBeforeTheChannels) {
  World world;
  world.add<Formats>();
  // On one connection, and each twice: headers that come again are remembered.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world.call("hello")->value(), "toy");
    EXPECT_EQ(world.call("hello", {.codec = &kOther})->value(), "other");
    EXPECT_EQ(world.call("hello", {.codec = &protobuf_codec()})->value(), "protobuf");
  }
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST(CodecCall, AChannelOfProtobufHasCallsOfOtherFormats) {
  World world(nullptr);
  world.add<Formats>();
  EXPECT_EQ(world.call("hello")->value(), "protobuf");
  EXPECT_EQ(world.call("hello", {.codec = &kToy})->value(), "toy");
}

TEST(CodecCall, ProtobufMayBeNamedForAChannel) {
  World world(codec::borrowed(protobuf_codec()));
  world.add<Formats>();
  EXPECT_EQ(world.call("hello")->value(), "protobuf");
}

Task<Result<std::string>> all_streams(Channel& channel) {
  std::string seen;
  const Text request = text("abc");
  auto expanded = co_await test::expand(channel, request);
  while (const std::optional<Text> part = co_await expanded.read()) seen += part->value() + " ";
  Status status = co_await expanded.finish();
  if (!status.ok()) co_return status;

  auto collected = co_await test::collect(channel);
  const Text one = text("d");
  const Text two = text("e");
  co_await collected.write(one);
  co_await collected.write(two, {.last = true});
  Result<Text> joined = co_await collected.finish();
  if (!joined.ok()) co_return joined.status();
  seen += joined->value();

  auto chat = co_await test::chat(channel);
  for (int i = 0; i < 3; ++i) {
    co_await chat.write(one);
    const std::optional<Text> back = co_await chat.read();
    seen += back ? back->value() : "?";
  }
  status = co_await chat.finish();
  if (!status.ok()) co_return status;
  co_return seen;
}

TEST(CodecCall, StreamsAreOfTheChannelsFormat) {
  World world;
  world.add<Kinds>();
  const Result<std::string> seen = world.run(all_streams(world.channel()));
  ASSERT_TRUE(seen.ok()) << seen.status().to_string();
  EXPECT_EQ(*seen, "a b c deddd");
}

Task<Status> write_much(Channel& channel, std::size_t messages, std::size_t& back) {
  auto chat = co_await test::chat(channel);
  const Text part = text(std::string(std::size_t{200} * 1024, 'x'));
  for (std::size_t i = 0; i < messages; ++i) {
    if (!co_await chat.write(part)) break;
    const std::optional<Text> echoed = co_await chat.read();
    if (echoed) back += echoed->value().size();
  }
  Status status = co_await chat.finish();
  co_return status;
}

TEST(CodecCall, AStreamWaitsForItsWindowAsAnyDoes) {
  InProcess::Options small = options(codec::borrowed(kToy));
  small.channel.stream_window = small.channel.max_window = 64 * 1024;
  small.server.stream_window = small.server.max_window = 64 * 1024;
  InProcess world(small);
  world.server().add(codec::borrowed(kToy));
  world.add<Kinds>();
  std::size_t back = 0;
  const Status status = world.run(write_much(world.channel(), 5, back));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(back, std::size_t{5} * 200 * 1024);
}

TEST(CodecCall, MessagesAreCompressedAsAnyAre) {
  World world;
  world.add<Kinds>();
  const std::string long_text(10'000, 'x');
  const Result<Text> reply = world.call(long_text, {.compression = Compression::Gzip});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), long_text);
}

TEST(CodecCall, AnUnknownFormatIsUnimplementedAndNamesThoseServed) {
  World world;
  world.add<Kinds>();
  const ToyCodec json("json");
  const Result<Text> reply = world.call("hello", {.codec = &json});
  EXPECT_EQ(reply.status(),
            unimplemented("content-type application/grpc+json is not served; served are "
                          "application/grpc, application/grpc+proto, application/grpc+toy, "
                          "application/grpc+other, application/grpc+moody"));
}

TEST(CodecCall, AMethodThatIsMissingIsSaidInAnyFormat) {
  World world;
  EXPECT_EQ(world.call("hello").status().code(), StatusCode::Unimplemented);
}

TEST(CodecCall, ACodecThatFailsIsInternalWithItsText) {
  World world(codec::borrowed(kMoody));
  world.add<Formats>();
  const std::string type = "a google.protobuf.BytesValue cannot be written as moody";
  // The client's request; nothing is sent.
  EXPECT_EQ(world.call("unwritable").status(), internal_error(type + ": no word for it"));
  EXPECT_EQ(world.call("huge").status(), resource_exhausted(type + ": too deep"));
  // The server's response.
  EXPECT_EQ(world.call("say unwritable").status(), internal_error(type + ": no word for it"));
  EXPECT_EQ(world.call("say huge").status(), resource_exhausted(type + ": too deep"));
  // The server's request.
  EXPECT_EQ(world.call("unreadable").status(),
            internal_error("17 bytes of moody are not a google.protobuf.BytesValue: no such word"));
  // The client's response.
  EXPECT_EQ(world.call("say unreadable").status(),
            internal_error("17 bytes of moody are not a google.protobuf.BytesValue: no such word"));
  EXPECT_EQ(world.call("say it").value().value(), "it");
}

TEST(CodecCall, AThrowingCodecFailsItsCallWithoutLeakingText) {
  std::string lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.append(line).append("\n"); });
  World world(codec::borrowed(kMoody));
  world.add<Formats>();
  for (const char* value : {"thrown", "five", "say thrown", "say five"}) {
    EXPECT_EQ(world.call(value).status(),
              internal_error("a google.protobuf.BytesValue cannot be written as moody: the codec "
                             "threw an exception"))
        << value;
  }
  for (const char* value : {"catch", "say catch"}) {
    EXPECT_EQ(world.call(value).status(),
              internal_error("12 bytes of moody are not a google.protobuf.BytesValue: the codec "
                             "threw an exception"))
        << value;
  }
  for (const char* value : {"memory", "say memory", "exhausting", "say exhausting"}) {
    EXPECT_EQ(world.call(value).status().code(), StatusCode::ResourceExhausted) << value;
  }
  set_log_sink({});
  EXPECT_THAT(lines, HasSubstr("cannot be written as moody: the codec threw: \"a secret\""));
  EXPECT_THAT(lines, HasSubstr("are not a google.protobuf.BytesValue: the codec threw: "));
  EXPECT_EQ(world.call("say it").value().value(), "it");
}

Task<Status> write_to_chat(Channel& channel, std::string value, bool& written) {
  auto chat = co_await test::chat(channel);
  const Text first = text("good");
  co_await chat.write(first);
  co_await chat.read();
  const Text second = text(value);
  written = co_await chat.write(second);
  if (written) co_await chat.read();
  Status status = co_await chat.finish();
  co_return status;
}

TEST(CodecCall, AnUncodableMessageEndsItsStream) {
  World world(codec::borrowed(kMoody));
  world.add<Kinds>();
  bool written = true;
  EXPECT_EQ(world.run(write_to_chat(world.channel(), "unwritable", written)),
            internal_error("a google.protobuf.BytesValue cannot be written as moody: no word for "
                           "it"));
  EXPECT_FALSE(written);
  EXPECT_EQ(world.run(write_to_chat(world.channel(), "unreadable", written)),
            internal_error("17 bytes of moody are not a google.protobuf.BytesValue: no such word"));
  EXPECT_TRUE(written);
}

/// Its responses cannot be written.
class Unwritable : public Kinds {
  Task<Result<Text>> Collect(ServerContext&, Reader<Text>&) override { return text("unwritable"); }
  Task<Status> Expand(ServerContext&, const Text&, Writer<Text>& writer) override {
    const Text good = text("good");
    const Text bad = text("unwritable");
    if (!co_await writer.write(good)) co_return writer.status();
    if (co_await writer.write(bad)) co_return internal_error("it was written");
    co_return writer.status();
  }
};

Task<Status> expand_it(Channel& channel, std::string value, int& messages) {
  const Text request = text(value);
  auto stream = co_await test::expand(channel, request);
  while (co_await stream.read()) ++messages;
  Status status = co_await stream.finish();
  co_return status;
}

Task<Status> collect_nothing(Channel& channel) {
  auto stream = co_await test::collect(channel);
  const Result<Text> reply = co_await stream.finish();
  co_return reply.status();
}

TEST(CodecCall, AnUnwritableResponseEndsAServerStream) {
  World world(codec::borrowed(kMoody));
  world.add<Unwritable>();
  const Status why =
      internal_error("a google.protobuf.BytesValue cannot be written as moody: no word for it");
  int messages = 0;
  EXPECT_EQ(world.run(expand_it(world.channel(), "go", messages)), why);
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(world.run(collect_nothing(world.channel())), why);
  // The one request of a stream.
  EXPECT_EQ(world.run(expand_it(world.channel(), "unwritable", messages)), why);
  EXPECT_EQ(messages, 1);
}

TEST(CodecCall, LimitsCountTheEncodedSizeOfTheFormat) {
  InProcess::Options small = options(codec::borrowed(kToy));
  small.channel.max_send_size = 16;
  small.server.max_send_size = 14;
  InProcess world(small);
  world.server().add(codec::borrowed(kToy));
  world.add<Kinds>();
  const Text fits = text("123456789");
  const Text too_much_for_server = text("1234567890");
  const Text too_much = text("123456789012");
  EXPECT_TRUE(world.run(test::unary(world.channel(), fits)).ok());
  EXPECT_THAT(
      std::string(world.run(test::unary(world.channel(), too_much_for_server)).status().message()),
      HasSubstr("response message of 15 bytes is larger than the limit of 14"));
  EXPECT_THAT(std::string(world.run(test::unary(world.channel(), too_much)).status().message()),
              HasSubstr("request message of 17 bytes is larger than the limit of 16"));
}

/// Makes two attempts of each call.
Task<Status> twice(Call& call, Next next) {
  Attempts attempts(call, std::size_t{64} * 1024, Attempts::CommitAt::Response);
  Attempt first(attempts, 0);
  Status status = co_await next(first.call()).in(first.call().context());
  if (status.ok()) co_return co_await first.finish(std::move(status));
  Attempt second(attempts, 1);
  status = co_await next(second.call()).in(second.call().context());
  co_return co_await second.finish(std::move(status));
}

TEST(CodecCall, AnAttemptThatIsRepeatedKeepsItsFormat) {
  struct Flaky : Formats {
    Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
      if (++calls == 1) return unavailable("not yet");
      const Codec* const codec = context.call().codec();
      return text(request.value() + " as " + std::string(codec == nullptr ? "" : codec->name()));
    }
    int calls = 0;
  };
  World world;
  auto& service = world.add<Flaky>();
  world.channel().use(twice);
  EXPECT_EQ(world.call("again").value().value(), "again as toy");
  EXPECT_EQ(service.calls, 2);
}

TEST(CodecCall, ABlockingClientHasTheChannelsFormat) {
  Server server{{.listen = "memory:codec-call-test"}};
  server.add<Kinds>();
  server.add(codec::borrowed(kToy));
  ASSERT_TRUE(server.start().ok());
  Channel channel("memory:codec-call-test", {.codec = codec::borrowed(kToy)});
  const Text request = text("blocking");
  const Result<Text> reply = call_unary_blocking<Text>(channel, test::kMethods[0], request, {});
  ASSERT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(reply->value(), "blocking");
  BlockingReader<Text> stream(channel, test::kMethods[2], &request, {});
  EXPECT_EQ(stream.read()->value(), "b");
  EXPECT_TRUE(stream.finish().ok());
  server.stop();
}

// What a server may be given

Status start_with(const std::vector<std::shared_ptr<const Codec>>& codecs) {
  Server server{{.listen = "memory:codec-start-test"}};
  for (const auto& codec : codecs) server.add(codec);
  return server.start();
}

TEST(CodecsOfAServer, ANameThatCannotBeIsAnErrorOfStart) {
  EXPECT_EQ(start_with({codec::borrowed(kToy), std::make_shared<ToyCodec>("toy")}),
            already_exists("codec 'toy' was added twice"));
  EXPECT_EQ(start_with({codec::borrowed(protobuf_codec())}),
            invalid_argument("Server::add: 'proto' cannot be the name of a codec: it is that of "
                             "weft's own protobuf"));
  for (const std::string name : {"", "JSON", "a b", "a+b", "a;b", "\xc3\xa4"}) {
    const Status status = start_with({std::make_shared<ToyCodec>(name)});
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr("must be 1 to 64 of a-z")) << name;
  }
  EXPECT_EQ(start_with({std::make_shared<ToyCodec>(std::string(65, 'x'))}).code(),
            StatusCode::InvalidArgument);
  EXPECT_TRUE(start_with({std::make_shared<ToyCodec>(std::string(64, 'x'))}).ok());
  EXPECT_EQ(start_with({std::shared_ptr<const Codec>()}).code(), StatusCode::InvalidArgument);
}

TEST(CodecsOfAClient, AnInvalidNameFailsItsCalls) {
  World world(std::make_shared<ToyCodec>("Toy"));
  world.add<Kinds>();
  EXPECT_THAT(std::string(world.call("x").status().message()),
              HasSubstr("ChannelOptions::codec: 'Toy' cannot be the name of a codec"));
  World sound;
  sound.add<Kinds>();
  const ToyCodec bad("to y");
  const Status status = sound.call("x", {.codec = &bad}).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("CallOptions::codec: "));
}

// By hand

TEST(CodecOnTheWire, AResponseHasTheContentTypeOfItsRequest) {
  World world;
  world.add<Kinds>();
  world.start();
  for (const std::string type :
       {"application/grpc+toy", "application/grpc+TOY", "Application/gRPC+toy ; charset=utf-8"}) {
    const auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
    Fields fields = testing::grpc_request("/test.Kinds/Unary");
    for (auto& [name, value] : fields) {
      if (name == "content-type") value = type;
    }
    peer->send(testing::headers(1, fields) +
               testing::data(1, testing::grpc_message("toy<hi>"), EndStream::Yes));
    EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0") << type;
    EXPECT_EQ(peer->expect(FrameType::Headers, 1).field("content-type"), "application/grpc+toy");
    EXPECT_EQ(peer->data_of(1), testing::grpc_message("toy<hi>"));
  }
}

TEST(CodecOnTheWire, AnImmediateErrorKeepsTheRequestsContentType) {
  struct Failing : Kinds {
    Task<Result<Text>> Unary(ServerContext&, const Text&) override { return not_found("it"); }
  };
  World world;
  world.add<Failing>();
  world.start();
  const auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  Fields fields = testing::grpc_request("/test.Kinds/Unary");
  for (auto& [name, value] : fields) {
    if (name == "content-type") value = "application/grpc+toy";
  }
  peer->send(testing::headers(1, fields) +
             testing::data(1, testing::grpc_message("toy<hi>"), EndStream::Yes));
  const Frame end = peer->expect_end(1);
  EXPECT_EQ(end.field("grpc-status"), "5");
  EXPECT_EQ(end.field("content-type"), "application/grpc+toy");
}

Task<> call_into(Channel& channel, CallOptions options, std::optional<Result<Text>>& outcome) {
  const Text request = text("hi");
  outcome.emplace(co_await test::unary(channel, request, options));
}

/// What a client with `codec` makes of a response of `content_type`.
Result<Text> outcome_of(const Codec* codec, const std::string& content_type,
                        const std::string& message, int status = 0) {
  net::SimNetwork network(1);
  ScriptedServer server(network.host("server"), 50051);
  auto channel = std::make_unique<Channel>("server:50051");
  std::optional<Result<Text>> outcome;
  Task<> task = call_into(*channel, {.codec = codec}, outcome);
  network.host("client").enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  ScriptedPeer& peer = server.accept();
  const Frame& request = peer.expect(FrameType::Headers, 1);
  EXPECT_EQ(request.field("content-type"), codec == nullptr
                                               ? "application/grpc"
                                               : "application/grpc+" + std::string(codec->name()));
  std::string frames = testing::headers(1, {{":status", "200"}, {"content-type", content_type}});
  if (status == 0) frames += testing::data(1, testing::grpc_message(message));
  peer.send(frames + testing::headers(1, testing::grpc_trailers(status), EndStream::Yes));
  network.run_for(1s);
  channel.reset();
  network.run_for(1min);
  return outcome ? *std::move(outcome) : Result<Text>(internal_error("it has not ended"));
}

TEST(CodecOnTheWire, AResponseInAnotherFormatIsAnErrorNamingBoth) {
  for (const std::string type : {"application/grpc+other", "application/grpc+proto"}) {
    EXPECT_EQ(outcome_of(&kToy, type, "toy<hi>").status(),
              internal_error("the server answered with content-type '" + type +
                             "' instead of application/grpc+toy"));
  }
  EXPECT_EQ(outcome_of(nullptr, "application/grpc+toy", "").status(),
            internal_error("the server answered with content-type 'application/grpc+toy' instead "
                           "of application/grpc"));
  // What ended the call is worth more than its format.
  EXPECT_EQ(outcome_of(&kToy, "application/grpc+other", "", 5).status().code(),
            StatusCode::NotFound);
}

TEST(CodecOnTheWire, AResponseWithoutASubtypeIsOfTheRequestsFormat) {
  EXPECT_EQ(outcome_of(&kToy, "application/grpc", "toy<yo>").value().value(), "yo");
  EXPECT_EQ(outcome_of(&kToy, "application/grpc+TOY;x", "toy<yo>").value().value(), "yo");
  EXPECT_THAT(std::string(outcome_of(&kToy, "application/grpc", "other").status().message()),
              HasSubstr("5 bytes of toy are not a google.protobuf.BytesValue"));
}

}  // namespace
}  // namespace weft::rpc
