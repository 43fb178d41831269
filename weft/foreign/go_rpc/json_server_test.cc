// Go's net/rpc/jsonrpc served beside gRPC, in virtual time.

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/foreign/go_rpc/go_rpc.h"
#include "weft/foreign/internal/test_foreign.h"

namespace weft::foreign {
namespace {

using namespace std::chrono_literals;
using test::Arith;
using test::RawPeer;
using ::testing::HasSubstr;
using testing::InProcess;

class JsonServer : public ::testing::Test {
 protected:
  explicit JsonServer(GoRpcOptions options = {}, InProcess::Options world = {})
      : world_(std::move(world)), arith_(world_.add<Arith>()) {
    world_.server().add(go_rpc(std::move(options)));
  }
  std::string answer(const std::string& request) {
    RawPeer peer(world_);
    peer.send(request);
    return peer.lines(1);
  }

  InProcess world_;
  Arith& arith_;
};

TEST_F(JsonServer, AnswersAsGosClientWantsIt) {
  EXPECT_EQ(answer(R"({"method":"Arith.Multiply","params":[{"A":7,"B":8}],"id":0})"
                   "\n"),
            "{\"id\":0,\"result\":56,\"error\":null}\n");
}

TEST_F(JsonServer, FindsServicesByFullName) {
  EXPECT_EQ(answer(R"({"method":"test.v1.Arith.Multiply","params":[{"a":7,"b":8}],"id":1})"),
            "{\"id\":1,\"result\":56,\"error\":null}\n");
}

TEST_F(JsonServer, SendsErrorsAsTexts) {
  EXPECT_EQ(answer(R"({"method":"Arith.Divide","params":[{"A":7}],"id":18446744073709551615})"),
            "{\"id\":18446744073709551615,\"result\":null,"
            "\"error\":\"INVALID_ARGUMENT: divide by \\\"zero\\\"\"}\n");
}

TEST_F(JsonServer, WritesLongIntegersAndEnumsAsNumbers) {
  EXPECT_EQ(
      answer(R"({"id":2,"params":[{"Large":-9007199254740993,"HUGE":18446744073709551615,)"
             R"("color":1,"ID":9,"ByName":null,"by_number":{"5":{"Name":"x"}},"Unknown":[{}]}],)"
             R"("method":"Arith.Echo"})"),
      R"({"id":2,"result":{"large":-9007199254740993,"huge":18446744073709551615,"color":1,)"
      R"("byNumber":{"5":{"name":"x"}},"ID":9},"error":null})"
      "\n");
}

TEST_F(JsonServer, TakesScalarsAndEmptyMessages) {
  EXPECT_EQ(answer(R"({"method":"Arith.Upper","params":["abc"],"id":3})"),
            "{\"id\":3,\"result\":\"ABC\",\"error\":null}\n");
  EXPECT_EQ(answer(R"({"method":"Arith.Nothing","params":[{}],"id":4})"),
            "{\"id\":4,\"result\":{},\"error\":null}\n");
  EXPECT_EQ(answer(R"({"method":"Arith.Multiply","params":[null],"id":5})"),
            "{\"id\":5,\"result\":0,\"error\":null}\n");
  EXPECT_EQ(answer(R"({"method":"Arith.Multiply","params":[],"id":6})"),
            "{\"id\":6,\"result\":0,\"error\":null}\n");
}

TEST_F(JsonServer, NamesWhatIsWrongWithARequest) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"method":"Arith.Multiply","id":1})", "the request has no params"},
      {R"({"method":"Arith.Multiply","params":{},"id":1})", "params is not an array"},
      {R"({"method":"Arith.Multiply","params":[{},{}],"id":1})", "more than one element"},
      {R"({"method":"Arith.Multiply","params":[{"A":"x"}],"id":1})", "params[0]: line 1, column 6"},
      {R"({"method":"Arith.Multiply","params":[{"A":1,}],"id":1})", "params[0]: line 1, column 8"},
      {R"({"method":"Arith.Power","params":[{}],"id":1})",
       "UNIMPLEMENTED: there is no method 'Power' in test.v1.Arith"},
      {R"({"method":"Geo.Multiply","params":[{}],"id":1})", "there is no service 'Geo'"},
      {R"({"method":"Multiply","params":[{}],"id":1})", "does not have the form Service.Method"},
      {R"({"method":"Arith.Count","params":[1],"id":1})", "/test.v1.Arith/Count streams"},
      {R"({"method":7,"params":[1],"id":1})", "the method is not a plain string"},
      {R"({"method":"Arith.Multiply" "params":[1],"id":1})", "expected ',' or '}'"},
      {R"({"method":"Arith.Multiply","params":[1],"id":{}})", "the id of a request is a number"},
  };
  for (const auto& [request, error] : kCases) EXPECT_THAT(answer(request), HasSubstr(error));
}

TEST_F(JsonServer, AnswersPipelinedRequestsAsTheyEnd) {
  RawPeer peer(world_);
  peer.send(R"({"method":"Arith.Slow","params":[50],"id":1}{"method":"Arith.Slow","params":[10],)");
  peer.send(R"("id":2} {"method":"Arith.Slow","params":[30],"id":3})");
  EXPECT_EQ(peer.lines(3),
            "{\"id\":2,\"result\":10,\"error\":null}\n"
            "{\"id\":3,\"result\":30,\"error\":null}\n"
            "{\"id\":1,\"result\":50,\"error\":null}\n");
}

TEST_F(JsonServer, ClosesWhereBytesAreNoJson) {
  RawPeer peer(world_);
  peer.send(R"({"method":"Arith.Slow","params":[50],"id":1} nonsense)");
  EXPECT_THAT(peer.lines(1), HasSubstr("{\"id\":null,\"result\":null,\"error\":\"INVALID_ARGUMENT: "
                                       "expected a JSON object, found 'n"));
  EXPECT_EQ(peer.lines(2), "{\"id\":1,\"result\":50,\"error\":null}\n(end)");
}

TEST_F(JsonServer, RefusesWhatIsTooDeep) {
  RawPeer peer(world_);
  peer.send("{\"params\":" + std::string(103, '['));
  EXPECT_THAT(peer.lines(2), HasSubstr("RESOURCE_EXHAUSTED: more than 103 JSON objects"));
}

TEST_F(JsonServer, EndsCallsOfAPeerThatHasGone) {
  RawPeer peer(world_);
  peer.send(R"({"method":"Arith.Slow","params":[100000],"id":1})");
  world_.run_for(10ms);
  EXPECT_EQ(arith_.slow_begun, 1);
  peer.close();
  world_.run_for(6s);
  EXPECT_EQ(arith_.slow_cancelled, 1);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

TEST_F(JsonServer, EndsCallsOfAPeerThatHasGoneWithRequestsUnread) {
  const std::string request = R"({"method":"Arith.Slow","params":[1000000],"id":1})";
  RawPeer peer(world_);
  std::string requests;
  for (int i = 0; i < 110; ++i) requests += request;
  peer.send(requests);
  world_.run_for(10ms);
  EXPECT_EQ(arith_.slow_begun, 100);
  peer.send(request);
  peer.close();
  world_.run_for(6s);
  EXPECT_EQ(arith_.slow_cancelled, 100);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

TEST_F(JsonServer, FinishesCallsBeforeItStops) {
  RawPeer peer(world_);
  peer.send(R"({"method":"Arith.Slow","params":[2000],"id":1})");
  world_.run_for(10ms);
  const TimePoint begun = world_.now();
  testing::run(world_.server_host(), world_.server().shutdown(5s));
  EXPECT_LT(world_.now() - begun, 3s);
  EXPECT_EQ(peer.lines(2), "{\"id\":1,\"result\":2000,\"error\":null}\n(end)");
}

TEST_F(JsonServer, DoesNotServeAPeerThatDoesNotReadForEver) {
  RawPeer peer(world_);
  const std::string request =
      R"({"method":"Arith.Upper","params":[")" + std::string(100'000, 'x') + R"("],"id":1})";
  std::string requests;
  for (int i = 0; i < 300; ++i) requests += request;
  Scope scope(nullptr);
  const auto begin = [](Scope& in, RawPeer& from, std::string bytes) -> Task<> {
    in.spawn(from.sending(std::move(bytes)));
    co_return;
  };
  world_.run(begin(scope, peer, std::move(requests)));
  world_.run_for(30s);
  // 4 MiB of answers, and what lies in the network.
  EXPECT_GT(arith_.uppers, 40);
  EXPECT_LT(arith_.uppers, 120);
  EXPECT_EQ(world_.server().active_connections(), 1U);
  world_.run_for(60s);
  EXPECT_EQ(world_.server().active_connections(), 0U);
  world_.run(scope.join());
}

GoRpcOptions with_limits() {
  GoRpcOptions options;
  options.services = {{"Maths", "test.v1.Arith"}};
  options.field_names = FieldNames::Declared;
  options.limits.max_calls = 2;
  options.limits.call_timeout = 500ms;
  options.limits.request_timeout = 10s;
  return options;
}

InProcess::Options with_small_messages() {
  InProcess::Options options;
  options.server.max_receive_size = 1000;
  return options;
}

class LimitedJsonServer : public JsonServer {
 protected:
  LimitedJsonServer() : JsonServer(with_limits(), with_small_messages()) {}
};

TEST_F(LimitedJsonServer, KnowsServicesByOtherNames) {
  EXPECT_EQ(answer(R"({"method":"Maths.Echo","params":[{"ByName":{"x":1}}],"id":0})"),
            "{\"id\":0,\"result\":{\"by_name\":{\"x\":1}},\"error\":null}\n");
}

TEST_F(LimitedJsonServer, ServesSoManyCallsAtATime) {
  RawPeer peer(world_);
  for (int i = 0; i < 4; ++i) peer.send(R"({"method":"Arith.Slow","params":[100],"id":1})");
  world_.run_for(50ms);
  EXPECT_EQ(arith_.slow_begun, 2);
  peer.lines(4);
  EXPECT_EQ(arith_.slow_begun, 4);
}

TEST_F(LimitedJsonServer, ReadsWhatCameWhileThereWasNoRoom) {
  RawPeer peer(world_);
  for (int i = 0; i < 9; ++i) {
    peer.send(R"({"method":"Arith.Slow","params":[100],"id":1})");
    world_.run_for(1ms);
  }
  peer.lines(9);
  EXPECT_EQ(arith_.slow_begun, 9);
}

TEST_F(LimitedJsonServer, GivesCallsADeadline) {
  EXPECT_THAT(answer(R"({"method":"Arith.Slow","params":[1000],"id":1})"),
              HasSubstr("\"error\":\"DEADLINE_EXCEEDED: "));
}

TEST_F(LimitedJsonServer, RefusesRequestsThatAreTooLarge) {
  EXPECT_THAT(answer(R"({"params":[")" + std::string(989, 'x')),
              HasSubstr("more than 1000 bytes, which is the limit"));
}

TEST_F(LimitedJsonServer, DoesNotWaitForTheRestOfARequestForEver) {
  RawPeer peer(world_);
  peer.send("{\"params\":");
  world_.run_for(9s);
  EXPECT_EQ(world_.server().active_connections(), 1U);
  peer.send(" ");
  world_.run_for(2s);
  EXPECT_EQ(world_.server().active_connections(), 0U);
}

}  // namespace
}  // namespace weft::foreign
