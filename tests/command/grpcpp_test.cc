// The weft command against a server made with grpc++, whose reflection is v1alpha only.

#include <csignal>
#include <string>

#include <gmock/gmock.h>

#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

class WeftAndGrpcpp : public ::testing::Test {
 protected:
  WeftAndGrpcpp() : server_(GRPCPP_NOTES_SERVER, {}) {
    address_ = "127.0.0.1:" + server_.read_line();
  }
  Ended call(const std::string& method, const std::vector<std::string>& rest,
             const std::string& input = {}) const {
    std::vector<std::string> arguments{"call", address_, "weft.test.notes.Notes/" + method,
                                       "--no-defaults"};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return run_weft(arguments, input);
  }

  Program server_;
  std::string address_;
};

TEST_F(WeftAndGrpcpp, ListAndDescribe) {
  const Ended list = run_weft({"list", address_});
  EXPECT_EQ(list.out,
            "grpc.health.v1.Health\ngrpc.reflection.v1alpha.ServerReflection\n"
            "weft.test.notes.Notes\n")
      << list.err;
  const Ended method = run_weft({"describe", address_, "weft.test.notes.Notes/Chat"});
  EXPECT_THAT(method.out, HasSubstr("rpc Chat(stream Note) returns (stream Note);")) << method.err;
  const Ended unknown = run_weft({"describe", address_, "weft.test.notes.Nots"});
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'weft.test.notes.Notes'?"));
}

TEST_F(WeftAndGrpcpp, CallEveryKindOfMethod) {
  const Ended unary = call("Echo", {R"({"text":"hi"})", "-v", "-H", "x-key-bin: AQID"});
  EXPECT_EQ(unary.out, "{\"text\":\"hi\"}\n") << unary.err;
  EXPECT_THAT(unary.err, HasSubstr("<   x-key-bin: AQID\n"));
  EXPECT_EQ(call("Collect", {}, "{\"text\":\"a\"}\n{\"text\":\"b\"}\n").out,
            "{\"count\":\"2\",\"text\":\"ab\"}\n");
  EXPECT_EQ(call("Repeat", {R"({"times":2})"}).out, "{\"times\":2}\n{\"times\":2}\n");
  EXPECT_EQ(call("Chat", {R"({"times":1} {"times":2})"}).out, "{\"times\":1}\n{\"times\":2}\n");
}

TEST_F(WeftAndGrpcpp, EndWithTheServersStatus) {
  const Ended failed = call("Fail", {R"({"code":7,"message":"not you, é"})"});
  EXPECT_EQ(failed.status, 64 + 7);
  EXPECT_EQ(failed.err, "PERMISSION_DENIED: not you, é\n");
  const Ended unimplemented = call("Hang", {});
  EXPECT_EQ(unimplemented.status, 64 + 12);
}

TEST_F(WeftAndGrpcpp, AskForHealth) {
  const Ended whole = run_weft({"health", address_});
  EXPECT_EQ(whole.out, "SERVING\n") << whole.err;
  EXPECT_EQ(run_weft({"health", address_, "no.Service"}).status, 64 + 5);
  Program watch(kWeft, {"health", address_, "--watch"});
  EXPECT_EQ(watch.read_line(), "SERVING");
  watch.signal(SIGINT);
  EXPECT_EQ(watch.wait().status, 64 + 1);
}

TEST_F(WeftAndGrpcpp, SendWithTheCompressionThatBothKnow) {
  const std::string json = "{\"text\":\"" + std::string(2000, 'a') + "\"}";
  for (const char* name : {"gzip", "deflate"}) {
    EXPECT_EQ(call("Echo", {json, "--compression", name}).out, json + "\n");
  }
}

}  // namespace
}  // namespace weft::test
