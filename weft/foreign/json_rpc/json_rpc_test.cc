// JSON-RPC 2.0 over TCP beside gRPC, in virtual time. The examples are those of its specification,
// section 7, where this server can have them.

#include "weft/foreign/json_rpc/json_rpc.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/foreign/internal/test_foreign.h"

namespace weft::foreign {
namespace {

using namespace std::chrono_literals;
using test::Arith;
using test::RawPeer;
using ::testing::HasSubstr;
using testing::InProcess;

class JsonRpcServer : public ::testing::Test {
 protected:
  JsonRpcServer() {
    world_.add<Arith>();
    world_.server().add(json_rpc());
  }
  std::string answer(const std::string& request) {
    RawPeer peer(world_);
    peer.send(request);
    return peer.lines(1);
  }

  InProcess world_;
};

TEST_F(JsonRpcServer, TakesParamsByPosition) {
  EXPECT_EQ(answer(R"({"jsonrpc": "2.0", "method": "Arith.Divide", "params": [42, 23], "id": 1})"),
            "{\"jsonrpc\":\"2.0\",\"result\":{\"quo\":1,\"rem\":19},\"id\":1}\n");
  EXPECT_EQ(answer(R"({"jsonrpc": "2.0", "method": "Arith.Upper", "params": ["x"], "id": "a"})"),
            "{\"jsonrpc\":\"2.0\",\"result\":\"X\",\"id\":\"a\"}\n");
  EXPECT_THAT(answer(R"({"jsonrpc":"2.0","method":"Arith.Divide","params":[1,2,3],"id":1})"),
              HasSubstr("params: there are more than the 2 fields of test.v1.Args"));
  EXPECT_THAT(answer(R"({"jsonrpc":"2.0","method":"Arith.Divide","params":[1,"x"],"id":1})"),
              HasSubstr("{\"code\":-32602,\"message\":\"params: element 1: line 1, column 1"));
}

TEST_F(JsonRpcServer, TakesParamsByName) {
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","method":"Arith.Divide","params":{"b":23,"A":42},"id":1})"),
            "{\"jsonrpc\":\"2.0\",\"result\":{\"quo\":1,\"rem\":19},\"id\":1}\n");
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","method":"Arith.Nothing","id":null})"),
            "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":null}\n");
}

TEST_F(JsonRpcServer, SendsErrorsWithNumbers) {
  EXPECT_EQ(answer(R"({"jsonrpc":"2.0","method":"Arith.Divide","params":[1,0],"id":1})"),
            "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":\"divide by "
            "\\\"zero\\\"\",\"data\":{\"status\":\"INVALID_ARGUMENT\"}},\"id\":1}\n");
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"jsonrpc":"2.0","method":"foobar","id":"1"})", "{\"code\":-32601,"},
      {R"({"jsonrpc":"2.0","method":1,"params":"bar"})", "{\"code\":-32600,"},
      {R"({"jsonrpc":"1.0","method":"Arith.Divide","id":1})", "{\"code\":-32600,"},
      {R"({"jsonrpc":"2.0","method":"Arith.Divide","params":7,"id":1})", "{\"code\":-32602,"},
      {R"({"jsonrpc":"2.0","method":"Arith.Divide",)"
       "7}",
       "{\"code\":-32700,"},
      {"[]", "{\"code\":-32600,"},
      {"[1,2,3}", "{\"code\":-32700,"}};
  for (const auto& [request, error] : kCases) EXPECT_THAT(answer(request), HasSubstr(error));
}

TEST_F(JsonRpcServer, AnswersBatchesTogether) {
  RawPeer peer(world_);
  peer.send(R"([{"jsonrpc":"2.0","method":"Arith.Slow","params":[20],"id":1},)"
            R"({"jsonrpc":"2.0","method":"Arith.Slow","params":[10]},1,)"
            R"({"jsonrpc":"2.0","method":"Arith.Upper","params":["b"],"id":2}])"
            R"([{"jsonrpc":"2.0","method":"Arith.Nothing"}])"
            R"({"jsonrpc":"2.0","method":"Arith.Slow","params":[30],"id":3})");
  EXPECT_EQ(
      peer.lines(2),
      "[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"a request is an object\","
      "\"data\":{\"status\":\"INVALID_ARGUMENT\"}},\"id\":null},"
      "{\"jsonrpc\":\"2.0\",\"result\":\"B\",\"id\":2},"
      "{\"jsonrpc\":\"2.0\",\"result\":20,\"id\":1}]\n"
      "{\"jsonrpc\":\"2.0\",\"result\":30,\"id\":3}\n");
}

TEST_F(JsonRpcServer, DoesNotAnswerNotifications) {
  RawPeer peer(world_);
  peer.send(R"({"jsonrpc":"2.0","method":"Arith.Upper","params":["a"]})"
            R"({"jsonrpc":"2.0","method":"foobar"})"
            R"({"jsonrpc":"2.0","method":"Arith.Upper","params":["b"],"id":2})");
  EXPECT_EQ(peer.lines(1), "{\"jsonrpc\":\"2.0\",\"result\":\"B\",\"id\":2}\n");
}

TEST_F(JsonRpcServer, RefusesLargeBatches) {
  std::string batch = "[1";
  for (int i = 0; i < 1000; ++i) batch += ",1";
  EXPECT_THAT(answer(batch + "]"),
              HasSubstr("a batch of 1001 requests is larger than the limit of 1000"));
}

TEST_F(JsonRpcServer, KeepsAnswersUntilTheirBatchIsDone) {
  std::string batch = R"([{"jsonrpc":"2.0","method":"Arith.Slow","params":[100],"id":0})";
  for (int i = 0; i < 50; ++i) {
    batch += R"(,{"jsonrpc":"2.0","method":"Arith.Upper","params":[")" + std::string(100, 'x') +
             R"("],"id":1})";
  }
  const std::string told = answer(batch + "]");
  EXPECT_GT(told.size(), 5000U);
  EXPECT_TRUE(told.ends_with("{\"jsonrpc\":\"2.0\",\"result\":100,\"id\":0}]\n"));
}

TEST_F(JsonRpcServer, ServesGosClientsToo) {
  EXPECT_EQ(answer(R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":0})"),
            "{\"id\":0,\"result\":56,\"error\":null}\n");
}

}  // namespace
}  // namespace weft::foreign
