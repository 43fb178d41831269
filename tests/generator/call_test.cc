#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop_thread.h"

#include "kinds.weft.h"
#include "names.weft.h"
#include "tests/generator/kinds_server.h"

namespace weft::test {
namespace {

using kinds::KindsClient;
using kinds::Number;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GeneratedClient : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return net::run_blocking(channel().blocking_loop(), std::move(task));
  }
  Channel& channel() {
    if (!started_) server_.start();
    started_ = true;
    return server_.channel();
  }
  KindsServer server_;

 private:
  bool started_ = false;
};

Task<Result<Number>> send_up(const KindsClient& client, int count) {
  auto stream = co_await client.Up();
  for (int i = 1; i <= count; ++i) {
    const Number next = number(i);
    if (!co_await stream.write(next)) break;
  }
  co_return co_await stream.finish();
}

Task<Status> read_down(const KindsClient& client, int from, std::vector<std::int64_t>& into) {
  // The request is a temporary: it has to live until the stream is open and no longer.
  auto stream = co_await client.Down(number(from));
  while (const std::optional<Number> next = co_await stream.read()) into.push_back(next->value());
  co_return co_await stream.finish();
}

Task<Status> send_both(const KindsClient& client, std::vector<std::int64_t>& into) {
  auto stream = co_await client.Both({.timeout = std::chrono::seconds(30)});
  for (int i = 1; i <= 3; ++i) {
    const Number next = number(i);
    if (!co_await stream.write(next)) break;
    const std::optional<Number> answer = co_await stream.read();
    if (answer) into.push_back(answer->value());
  }
  co_return co_await stream.finish();
}

TEST_F(GeneratedClient, CallsAUnaryMethod) {
  const KindsClient client(channel());
  const Result<Number> answer = run(client.Unary(number(21)));
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->value(), 42);
}

TEST_F(GeneratedClient, SendsAndReceivesMetadata) {
  Metadata sent;
  sent.add("asked", "why");
  Metadata answered;
  Metadata trailers;
  const KindsClient client(channel());
  const Number request = number(1);
  const Result<Number> answer = run(client.Unary(
      request, {.metadata = &sent, .response_metadata = &answered, .trailers = &trailers}));
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answered.get("answered"), "why");
  EXPECT_EQ(trailers.get("done"), "yes");
}

TEST_F(GeneratedClient, StreamsRequests) {
  const KindsClient client(channel());
  const Result<Number> answer = run(send_up(client, 100));
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->value(), 5050);
}

TEST_F(GeneratedClient, StreamsResponses) {
  const KindsClient client(channel());
  std::vector<std::int64_t> values;
  const Status status = run(read_down(client, 4, values));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(values, ElementsAre(4, 3, 2, 1));
}

TEST_F(GeneratedClient, LearnsWhyAStreamEnded) {
  const KindsClient client(channel());
  std::vector<std::int64_t> values;
  const Status status = run(read_down(client, -1, values));
  EXPECT_EQ(status, out_of_range("the value is below 0"));
}

TEST_F(GeneratedClient, StreamsBothWays) {
  const KindsClient client(channel());
  std::vector<std::int64_t> values;
  const Status status = run(send_both(client, values));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_THAT(values, ElementsAre(2, 4, 6));
}

TEST_F(GeneratedClient, IsToldWhichMethodNobodyImplements) {
  server_.server().add(std::make_shared<kinds::OtherService>());
  const kinds::OtherClient client(channel());
  const Result<Number> answer = run(client.UNARY(number(1)));
  EXPECT_EQ(answer.status().code(), StatusCode::Unimplemented);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("/weft.test.kinds.Other/UNARY"));
}

TEST_F(GeneratedClient, IsToldWhichMethodNobodyImplementsAlsoOfAStream) {
  server_.server().add(std::make_shared<names::WordsService>());
  const names::WordsBlockingClient client(channel());
  auto stream = client.co_await_(names::class_());
  EXPECT_FALSE(stream.read().has_value());
  EXPECT_EQ(stream.finish().code(), StatusCode::Unimplemented);
}

// Says which of its methods was called.
class Words final : public names::WordsService {
  using Class = names::class_;
  using Deleted = names::class__delete;
  Task<Result<Deleted>> delete__(ServerContext&, const Class&) override {
    return aborted("delete");
  }
  Task<Result<Deleted>> delete_(ServerContext&, const Class&) override {
    return aborted("delete_");
  }
  Task<Result<Class>> serve___(ServerContext&, const Class&) override { return aborted("serve"); }
  Task<Result<Class>> serve_(ServerContext&, const Class&) override { return aborted("serve_"); }
};

TEST_F(GeneratedClient, ReachesTheMethodItNamesThoughCppReservesTheName) {
  server_.server().add<Words>();
  const names::WordsClient client(channel());
  const names::class_ request;
  EXPECT_EQ(run(client.delete__(request)).status(), aborted("delete"));
  EXPECT_EQ(run(client.delete_(request)).status(), aborted("delete_"));
  EXPECT_EQ(run(client.serve___(request)).status(), aborted("serve"));
  EXPECT_EQ(run(client.serve_(request)).status(), aborted("serve_"));
}

TEST(GeneratedService, AnswersUnimplementedToANumberItDoesNotHave) {
  kinds::KindsService service;
  net::LoopThread thread;
  Call call(Call::Side::Server, thread.loop(), "/weft.test.kinds.Kinds/None", nullptr, nullptr);
  Task<Status> task = service.serve(4, call);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take().code(), StatusCode::Unimplemented);
}

TEST(GeneratedCalls, AreTheRequestAndThePath) {
  const UnaryRequest<Number> call = kinds::KindsCalls::Unary(number(7));
  EXPECT_EQ(call.data().path(), "/weft.test.kinds.Kinds/Unary");
  EXPECT_EQ(call.data().service(), "weft.test.kinds.Kinds");
  Number request;
  ASSERT_TRUE(request.ParseFromString(call.data().request()));
  EXPECT_EQ(request.value(), 7);
}

TEST(GeneratedCalls, AreMadeByAnObjectToo) {
  const kinds::OtherCalls other;
  EXPECT_EQ(other.UNARY(number(1)).data().path(), "/weft.test.kinds.Other/UNARY");
}

TEST(CallData, HasNoServiceWithoutAPath) {
  EXPECT_EQ(CallData("", "").service(), "");
  EXPECT_EQ(CallData("/Method", "").service(), "");
  EXPECT_EQ(CallData("/a.B/C", "").service(), "a.B");
}

}  // namespace
}  // namespace weft::test
