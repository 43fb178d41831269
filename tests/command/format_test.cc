// `weft call --format`: the same JSON is typed and shown, and messages travel in another format.

#include <string>

#include <gmock/gmock.h>

#include "weft/codec/json/json.h"
#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/xml/xml.h"
#include "weft/rpc/server.h"

#include "kinds_echo.weft.h"
#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

/// Answers with its request and the format of the call.
class Echo final : public kinds_echo::EchoService {
  Task<Result<formats::Kinds>> Kinds(ServerContext& context,
                                     const formats::Kinds& request) override {
    formats::Kinds reply = request;
    const Codec* const codec = context.call().codec();
    reply.set_other_name(codec == nullptr ? "proto" : std::string(codec->name()));
    return reply;
  }
  Task<Result<formats::Legacy>> Legacy(ServerContext&, const formats::Legacy& request) override {
    return request;
  }
};

class CallInAFormat : public ::testing::TestWithParam<const char*> {
 protected:
  CallInAFormat() : server_({.listen = "127.0.0.1:0"}) {
    server_.add<Echo>();
    server_.add(json_codec());
    server_.add(msgpack_codec());
    if (std::string_view(GetParam()) != "none") server_.add(xml_codec());
    EXPECT_TRUE(server_.start().ok());
  }
  Ended call(const std::string& method, const std::string& json, const std::string& format) const {
    return run_weft({"call", "127.0.0.1:" + std::to_string(server_.port()),
                     "weft.test.kinds_echo.Echo/" + method, json, "--no-defaults", "--format",
                     format});
  }

  Server server_;
};

TEST_P(CallInAFormat, ShowsTheSameJson) {
  const std::string fields =
      R"({"int64Value":"-5","bytesValue":"AP8=","colour":"BLUE",)"
      R"("strings":["a\u0001",""],"byInt32":{"-1":"b"},"time":"2020-01-02T03:04:05Z",)"
      R"("any":{"@type":"x/weft.formats.Item","id":"7"}})";
  const Ended ended = call("Kinds", fields, GetParam());
  EXPECT_EQ(ended.status, 0) << ended.err;
  std::string wanted = fields + "\n";
  wanted.insert(wanted.find(R"("strings")"), R"("renamed":")" + std::string(GetParam()) + R"(",)");
  EXPECT_EQ(ended.out, wanted);
}

TEST_P(CallInAFormat, KeepsGroupsAndExtensions) {
  const std::string json =
      R"({"place":{"x":1},"stop":[{"minute":2}],"[weft.formats.extra_names]":["a"]})";
  EXPECT_EQ(call("Legacy", json, GetParam()).out, json + "\n");
}

INSTANTIATE_TEST_SUITE_P(, CallInAFormat, ::testing::Values("proto", "json", "msgpack", "xml"),
                         [](const auto& info) { return info.param; });

TEST(CallInAFormatThatIsNone, IsAMistakeOfTheCommand) {
  const Ended ended = run_weft({"call", ":1", "a.B/C", "--format", "yaml"});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("'yaml' is no format; there are proto, json, msgpack and xml"));
}

TEST(CallInAFormatThatTheServerHasNot, SaysWhichItHas) {
  Server server({.listen = "127.0.0.1:0"});
  server.add<Echo>();
  ASSERT_TRUE(server.start().ok());
  const Ended ended = run_weft({"call", "127.0.0.1:" + std::to_string(server.port()),
                                "weft.test.kinds_echo.Echo/Kinds", "{}", "--format", "xml"});
  EXPECT_EQ(ended.status, 64 + 12);
  EXPECT_THAT(ended.err, HasSubstr("content-type application/grpc+xml is not served"));
}

}  // namespace
}  // namespace weft::test
