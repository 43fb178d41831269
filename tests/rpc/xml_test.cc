// Calls whose messages are XML.

#include "weft/codec/xml/xml.h"

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

constexpr MethodDescriptor kMethod[] = {{"Unary", "/test.Xml/Unary", MethodKind::Unary}};
constexpr ServiceDescriptor kService{"test.Xml", kMethod, nullptr};

/// Answers with its request and the format of the call.
class Echo final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kService; }
  Task<Status> serve(std::size_t, Call& call) override {
    return serve_unary<&Echo::Unary>(call, *this);
  }
  Task<Result<Struct>> Unary(ServerContext& context, const Struct& request) {
    Struct reply = request;
    const Codec* const codec = context.call().codec();
    (*reply.mutable_fields())["format"].set_string_value(
        codec == nullptr ? "proto" : std::string(codec->name()));
    return reply;
  }
};

/// A text as it is, under XML's name.
class RawXml final : public Codec {
 public:
  std::string_view name() const noexcept override { return "xml"; }
  Result<Message> encode(const google::protobuf::MessageLite&) const override {
    return Message(Bytes::copy_of("<Struct>&a;</Struct>"));
  }
  Status decode(const Message&, google::protobuf::MessageLite&) const override { return {}; }
};

class XmlCall : public ::testing::TestWithParam<const char*> {
 protected:
  XmlCall() : server_({.listen = GetParam()}) {
    server_.add<Echo>();
    server_.add(xml_codec());
    started_ = server_.start();
  }
  Result<Struct> call(const Codec& codec) {
    Channel channel(server_.addresses().empty() ? GetParam()
                                                : server_.addresses().front().to_string());
    Struct request;
    (*request.mutable_fields())["x"].set_number_value(1.5);
    return call_unary_blocking<Struct>(channel, kMethod[0], request,
                                       {.timeout = 30s, .codec = &codec});
  }

  Server server_;
  Status started_;
};

TEST_P(XmlCall, IsAnsweredInKind) {
  ASSERT_TRUE(started_.ok()) << started_;
  const auto codec = xml_codec();
  const Result<Struct> reply = call(*codec);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->fields().at("format").string_value(), "xml");
  EXPECT_EQ(reply->fields().at("x").number_value(), 1.5);
}

TEST_P(XmlCall, SaysWhereARequestIsWrong) {
  ASSERT_TRUE(started_.ok()) << started_;
  EXPECT_EQ(std::string(call(RawXml()).status().message()),
            "20 bytes of xml are not a google.protobuf.Struct: line 1, column 9: there is text "
            "between the fields of a message");
}

INSTANTIATE_TEST_SUITE_P(, XmlCall, ::testing::Values("127.0.0.1:0", "inproc:xml"),
                         [](const auto& info) {
                           return std::string(info.param).starts_with("inproc") ? "InProcess"
                                                                                : "Sockets";
                         });

}  // namespace
}  // namespace weft::rpc
