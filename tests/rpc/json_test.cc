// Calls whose messages are JSON, with the codec that comes with weft, over sockets and in process.

#include "weft/codec/json/json.h"

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>

#include "weft/rpc/blocking.h"
#include "weft/rpc/server.h"
#include "weft/rpc/server/handler.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using google::protobuf::Struct;
using ::testing::HasSubstr;

constexpr MethodDescriptor kMethod[] = {{"Unary", "/test.Json/Unary", MethodKind::Unary}};
constexpr ServiceDescriptor kService{"test.Json", kMethod, nullptr};

/// Answers with its request and the format of the call; "bad" cannot be written as JSON.
class Echo final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kService; }
  Task<Status> serve(std::size_t, Call& call) override {
    return serve_unary<&Echo::Unary>(call, *this);
  }
  Task<Result<Struct>> Unary(ServerContext& context, const Struct& request) {
    Struct reply = request;
    const Codec* const codec = context.call().codec();
    auto& fields = *reply.mutable_fields();
    fields["format"].set_string_value(codec == nullptr ? "proto" : std::string(codec->name()));
    if (request.fields().contains("bad")) fields["bad"].clear_kind();
    return reply;
  }
};

class JsonCall : public ::testing::TestWithParam<const char*> {
 protected:
  JsonCall() : server_({.listen = GetParam()}) {
    server_.add<Echo>();
    server_.add(json_codec());
    started_ = server_.start();
  }
  Result<Struct> call(std::string_view name, const Codec* codec) {
    Channel channel(server_.addresses().empty() ? GetParam()
                                                : server_.addresses().front().to_string());
    Struct request;
    (*request.mutable_fields())[std::string(name)].set_number_value(1.5);
    return call_unary_blocking<Struct>(channel, kMethod[0], request,
                                       {.timeout = 30s, .codec = codec});
  }

  Server server_;
  Status started_;
};

TEST_P(JsonCall, IsAnsweredInKind) {
  ASSERT_TRUE(started_.ok()) << started_;
  const auto json = json_codec();
  const Result<Struct> reply = call("x", json.get());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->fields().at("format").string_value(), "json");
  EXPECT_EQ(reply->fields().at("x").number_value(), 1.5);
  EXPECT_EQ(call("x", nullptr)->fields().at("format").string_value(), "proto");
}

TEST_P(JsonCall, FailsWithTheFieldThatHasNoJson) {
  ASSERT_TRUE(started_.ok()) << started_;
  const auto json = json_codec();
  const Status status = call("bad", json.get()).status();
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a Value has no kind set"));
}

INSTANTIATE_TEST_SUITE_P(, JsonCall, ::testing::Values("127.0.0.1:0", "inproc:json"),
                         [](const auto& info) {
                           return std::string(info.param).starts_with("inproc") ? "InProcess"
                                                                                : "Sockets";
                         });

/// Bytes as they are, under JSON's name.
class RawJson final : public Codec {
 public:
  std::string_view name() const noexcept override { return "json"; }
  Result<Message> encode(const google::protobuf::MessageLite&) const override {
    return Message(Bytes::copy_of("{\"a\":\n [1,}"));
  }
  Status decode(const Message&, google::protobuf::MessageLite&) const override { return {}; }
};

TEST(JsonCallThatIsWrong, IsToldWhere) {
  Server server({.listen = "inproc:wrong-json"});
  server.add<Echo>();
  server.add(json_codec());
  ASSERT_TRUE(server.start().ok());
  Channel channel("inproc:wrong-json");
  const RawJson raw;
  const Result<Struct> reply =
      call_unary_blocking<Struct>(channel, kMethod[0], Struct(), {.timeout = 30s, .codec = &raw});
  EXPECT_EQ(
      std::string(reply.status().message()),
      "11 bytes of json are not a google.protobuf.Struct: line 2, column 5: field [\"a\"][1]: "
      "expected a value instead of }");
}

}  // namespace
}  // namespace weft::rpc
