// What arrives is shown, all of it, and what is shown can be sent.

#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "weft/rpc/server.h"

#include "box.weft.h"
#include "kinds_echo.weft.h"
#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

class Echo final : public kinds_echo::EchoService {
  Task<Result<formats::Kinds>> Kinds(ServerContext&, const formats::Kinds& request) override {
    return request;
  }
  Task<Result<formats::Legacy>> Legacy(ServerContext&, const formats::Legacy& request) override {
    return request;
  }
};

class Boxes final : public box::BoxesService {
  Task<Result<box::Box>> Open(ServerContext&, const box::Box& request) override { return request; }
};

class ShownResponse : public ::testing::Test {
 protected:
  ShownResponse() : server_({.listen = "127.0.0.1:0"}) {
    server_.add<Echo>();
    server_.add<Boxes>();
    EXPECT_TRUE(server_.start().ok());
  }
  Ended call(const std::string& method, const std::string& json, bool defaults = false) const {
    std::vector<std::string> arguments = {"call", "127.0.0.1:" + std::to_string(server_.port()),
                                          "weft.test." + method, json};
    if (!defaults) arguments.emplace_back("--no-defaults");
    return run_weft(arguments);
  }
  /// What is typed is what comes back.
  void comes_back(const std::string& method, const std::string& json) const {
    const Ended ended = call(method, json);
    EXPECT_EQ(ended.out, json + "\n") << ended.err;
  }

  Server server_;
};

TEST_F(ShownResponse, HasEveryKindOfFieldOfProto3) {
  comes_back(
      "kinds_echo.Echo/Kinds",
      R"({"doubleValue":1.25,"floatValue":0.3,"int32Value":-1,"int64Value":"-1","uint32Value":1,)"
      R"("uint64Value":"1","sint32Value":-5,"sint64Value":"-6","fixed32Value":1,"fixed64Value":"2",)"
      R"("sfixed32Value":-1,"sfixed64Value":"-2","boolValue":true,"stringValue":"s","bytesValue":"YQ==",)"
      R"("colour":"GREEN","child":{"child":{}},"renamed":"r","doubles":["NaN","-Infinity",2.5],"int32s":[1,-2],)"
      R"("strings":["a",""],"colours":["BLUE",5],"children":[{},{"int32Value":1}],"unpacked":[1,2],)"
      R"("byString":{"a":1},"byInt32":{"-1":"b"},"bySint64":{"-6":{}},"byBool":{"true":"h"},)"
      R"("message":{},"optionalNumber":0,"time":"2020-01-02T03:04:05.006Z","span":"3.500s","mask":"aB,c",)"
      R"("object":{"a":null},"value":"x","list":[1],)"
      R"("any":{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"a.b/weft.formats.Legacy","place":{"x":1}}},)"
      R"("empty":{},"wrappedInt64":"0","wrappedBytes":"","values":[1,null,{}]})");
}

TEST_F(ShownResponse, HasEveryKindOfFieldOfProto2) {
  comes_back(
      "kinds_echo.Echo/Legacy",
      R"({"number":0,"limit":"Infinity","name":"","size":"SMALL","place":{"x":1,"tags":["t"]},)"
      R"("stop":[{},{"minute":2}],"numbers":[1,2],"packedNumbers":[3],"sizes":["LARGE"],)"
      R"("child":{},"data":"AA==","[weft.formats.extra_number]":1,)"
      R"("[weft.formats.extra_names]":["a","b"],"[weft.formats.extragroup]":{"depth":1},)"
      R"("[weft.formats.Legacy.nested_extension]":{"[weft.formats.extra_size]":"LARGE"}})");
  // Defaults of proto2, such as "inf", are not values: what is not set is not shown.
  EXPECT_EQ(call("kinds_echo.Echo/Legacy", "{}", true).out,
            "{\"stop\":[],\"numbers\":[],\"packedNumbers\":[],\"sizes\":[]}\n");
}

TEST_F(ShownResponse, MarksWhatHasNoJson) {
  comes_back("kinds_echo.Echo/Kinds", R"({"span":{"@fields":{"seconds":"1","nanos":-5}},)"
                                      R"("any":{"@type":"a.b/no.Such","@value":"YWI="}})");
  comes_back("kinds_echo.Echo/Kinds",
             R"({"any":{"@type":"type.googleapis.com/weft.formats.Kinds","@value":"Cg=="}})");
  comes_back("kinds_echo.Echo/Legacy", R"({"name":{"@bytes":"/w=="},"@unknown":"uD4F"})");
}

TEST_F(ShownResponse, HasTypesThatTheMethodsFileDoesNotImport) {
  // Nothing that box.proto imports defines it: the server is asked for it.
  const std::string json =
      R"({"any":{"@type":"any.prefix/weft.formats.Legacy","@value":"CAcrCAMs"}})";
  EXPECT_EQ(call("box.Boxes/Open", json).out,
            R"({"any":{"@type":"any.prefix/weft.formats.Legacy","number":7,"place":{"x":3}}})"
            "\n");
  comes_back("box.Boxes/Open", R"({"any":{"@type":"a/no.Such","@value":"YWI="},"inner":{}})");
}

TEST_F(ShownResponse, HasScalarsWithoutPresenceUnlessAskedNotTo) {
  EXPECT_THAT(call("kinds_echo.Echo/Kinds", "{}", true).out, HasSubstr(R"("int32Value":0,)"));
  comes_back("kinds_echo.Echo/Kinds", "{}");
}

TEST_F(ShownResponse, TakesAFileWithAByteOrderMark) {
  const std::string file = ::testing::TempDir() + "weft_json_with_mark.json";
  std::ofstream(file) << "\xef\xbb\xbf{\"int32Value\":1}";
  EXPECT_EQ(call("kinds_echo.Echo/Kinds", "@" + file).out, "{\"int32Value\":1}\n");
}

TEST_F(ShownResponse, SaysWhichNameWasMeant) {
  const Ended ended = call("kinds_echo.Echo/Kinds", R"({"colour":"GREN"})");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("column 11: field colour: the enum weft.formats.Colour has no "
                                   "value 'GREN'; did you mean 'GREEN'"));
}

}  // namespace
}  // namespace weft::test
