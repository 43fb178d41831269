#include "weft/storage/redis/client.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/coro/context.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::redis {
namespace {

using namespace std::chrono_literals;

/// A server by script: answers HELLO and PING, keeps what else comes, and sends what a test says.
class Peer final : private net::StreamHandler {
 public:
  Peer(std::unique_ptr<net::Stream> stream, std::string hello_answer)
      : hello_answer_(std::move(hello_answer)), stream_(std::move(stream)) {
    stream_->set_handler(this);
    stream_->want_read();
  }
  void send(std::string_view bytes) {
    const iovec slice{const_cast<char*>(bytes.data()), bytes.size()};
    EXPECT_EQ(stream_->write({&slice, 1}).size, bytes.size());
  }
  void close() { stream_->close(); }
  std::string received;

 private:
  void on_readable() noexcept override {
    std::string block(65536, '\0');
    const net::IoResult result = stream_->read(block);
    if (result.kind == net::IoResult::Kind::Done) take(block.substr(0, result.size));
    if (result.kind != net::IoResult::Kind::End && result.kind != net::IoResult::Kind::Failed) {
      stream_->want_read();
    }
  }
  void on_writable() noexcept override {}
  /// Commands come in pieces of any size.
  void take(const std::string& text) {
    static constexpr std::string_view kHello = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";
    static constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
    unread_ += text;
    for (const auto& [command, answer] : {std::pair(kHello, std::string_view(hello_answer_)),
                                          std::pair(kPing, std::string_view("+PONG\r\n"))}) {
      if (!unread_.starts_with(command)) continue;
      unread_.erase(0, command.size());
      send(answer);
    }
    if (kHello.starts_with(unread_) || kPing.starts_with(unread_)) return;
    received += std::exchange(unread_, {});
  }
  const std::string hello_answer_;
  std::string unread_;
  std::unique_ptr<net::Stream> stream_;
};

class RedisClient : public ::testing::Test {
 protected:
  RedisClient() {
    listener = *server.listen(
        *net::Address::parse("0.0.0.0:6379"), {}, [this](std::unique_ptr<net::Accepted> accepted) {
          peers.push_back(std::make_unique<Peer>(accepted->bind_to(server), hello_answer));
        });
  }
  ~RedisClient() override {
    host.enter([&] { db.reset(); });
    network.run_for(1s);
    server.enter([&] {
      peers.clear();
      listener.reset();
    });
  }
  void open_client(Options options = {}) {
    Result<Client> opened = testing::run(host, open("redis://server", std::move(options)));
    ASSERT_TRUE(opened.ok()) << opened.status();
    db.emplace(*std::move(opened));
  }
  void slow_down() {
    net::SimLink slow;
    slow.bandwidth = 100'000;
    network.set_link("client", "server", slow);
  }
  /// Starts commands; their results are in `results`.
  void start(std::vector<Command> commands) {
    host.enter([&] {
      for (Command& command : commands) {
        tasks.push_back(std::make_unique<Task<Result<Value>>>(db->run(std::move(command))));
        tasks.back()->start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
      }
    });
    network.run_for(100ms);
  }
  void start_in(Context& context, Command command) {
    host.enter([&] {
      tasks.push_back(std::make_unique<Task<Result<Value>>>(db->run(std::move(command))));
      tasks.back()->start(&context, {.function = [](void*) noexcept {}, .argument = nullptr});
    });
    network.run_for(100ms);
  }
  Result<Value> result(std::size_t index) {
    if (!tasks[index]->done()) return internal_error("the command has not ended");
    return tasks[index]->take();
  }
  void send(std::string_view bytes) {
    server.enter([&] { peers.back()->send(bytes); });
    network.run_for(100ms);
  }
  void lose() {
    server.enter([&] { peers.back()->close(); });
    network.run_for(5s);
  }

  net::SimNetwork network{7};
  net::SimLoop& host = network.host("client");
  net::SimLoop& server = network.host("server");
  std::string hello_answer = "%0\r\n";
  std::vector<std::unique_ptr<Peer>> peers;
  std::unique_ptr<net::Listener> listener;
  std::optional<Client> db;
  std::vector<std::unique_ptr<Task<Result<Value>>>> tasks;
};

TEST_F(RedisClient, SendsCommandsBeforeEarlierAnswersCome) {
  open_client();
  start({Command("SET", "a", 1), Command("GET", "a")});
  EXPECT_EQ(peers.back()->received,
            "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
  send("+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(result(0)->text(), "OK");
  EXPECT_EQ(*result(1)->as<int>(), 1);
}

TEST_F(RedisClient, AnErrorStaysWithItsCommand) {
  open_client();
  start({Command("INCR", "a"), Command("INCR", "b")});
  send("-WRONGTYPE no number\r\n:1\r\n");
  const Status status = result(0).status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition) << status;
  EXPECT_EQ(error_code(status), "WRONGTYPE");
  EXPECT_EQ(result(1)->integer(), 1);
}

TEST_F(RedisClient, DropsTheAnswerToACancelledCommand) {
  open_client();
  Context context;
  start_in(context, Command("GET", "a"));
  start({Command("GET", "b")});
  host.enter([&] { context.cancel(cancelled("enough")); });
  network.run_for(1s);
  EXPECT_EQ(result(0).status().code(), StatusCode::Cancelled);
  send("+of a\r\n+of b\r\n");
  EXPECT_EQ(result(1)->text(), "of b");
}

TEST_F(RedisClient, SendsNothingInAContextThatHasEnded) {
  open_client();
  Context cancelled_one;
  cancelled_one.cancel(cancelled("enough"));
  Context late_one;
  late_one.limit_deadline(host.now());
  start_in(cancelled_one, Command("GET", "a"));
  start_in(late_one, Command("GET", "a"));
  EXPECT_EQ(result(0).status().code(), StatusCode::Cancelled);
  EXPECT_EQ(result(1).status().code(), StatusCode::DeadlineExceeded);
  EXPECT_EQ(peers.back()->received, "");
}

TEST_F(RedisClient, DoesNotSayThatACommandToBeRepeatedWasNotSent) {
  open_client();
  Context context;
  start_in(context, Command("GET", "a").set_idempotent());
  server.enter([&] { peers.back()->close(); });
  network.run_for(1ms);  // it knows, and has not connected again
  host.enter([&] { context.cancel(cancelled("enough")); });
  network.run_for(1ms);
  const Status status = result(0).status();
  EXPECT_EQ(status.code(), StatusCode::Cancelled);
  EXPECT_NE(status.message().find("not known"), std::string_view::npos) << status;
  EXPECT_EQ(peers.size(), 1u);
}

TEST_F(RedisClient, SaysWhatIsNotKnownAfterALostConnection) {
  open_client();
  start({Command("INCR", "a")});
  lose();
  const Status status = result(0).status();
  EXPECT_EQ(status.code(), StatusCode::Unknown) << status;
  EXPECT_EQ(error_code(status), kOutcomeUnknown);
}

TEST_F(RedisClient, RepeatsIdempotentCommandsOnANewConnection) {
  open_client();
  start({Command("GET", "a").set_idempotent(), Command("GET", "b").set_idempotent()});
  lose();
  ASSERT_EQ(peers.size(), 2u);
  send("+of a\r\n+of b\r\n");
  EXPECT_EQ(result(0)->text(), "of a");
  EXPECT_EQ(result(1)->text(), "of b");
}

TEST_F(RedisClient, GivesUpAfterSomeRepetitions) {
  open_client();
  start({Command("GET", "a").set_idempotent()});
  for (int i = 0; i < 3; ++i) lose();
  EXPECT_EQ(peers.size(), 3u);
  EXPECT_EQ(result(0).status().code(), StatusCode::Unavailable);
}

TEST_F(RedisClient, ClosesAConnectionWithoutAnswers) {
  open_client();
  start({Command("INCR", "a")});
  network.run_for(31s);
  const Status status = result(0).status();
  EXPECT_NE(status.message().find("answer_timeout"), std::string_view::npos) << status;
}

TEST_F(RedisClient, LaterCommandsDoNotProlongTheAnswerTimeout) {
  open_client();
  start({Command("INCR", "a")});
  for (int i = 0; i < 31; ++i) {
    start({Command("INCR", "a")});
    network.run_for(1s);
  }
  EXPECT_EQ(error_code(result(0).status()), kOutcomeUnknown);
}

TEST_F(RedisClient, SendsACommandThatTakesLongerThanTheAnswerTimeout) {
  slow_down();
  open_client();
  start({Command("SET", "a", std::string(5'000'000, 'x'))});
  network.run_for(60s);
  send("+OK\r\n");
  EXPECT_EQ(result(0)->text(), "OK");
  EXPECT_EQ(peers.size(), 1u);
}

TEST_F(RedisClient, GivesUpOnACommandThatIsNeverSentWholly) {
  slow_down();
  open_client();
  start({Command("APPEND", "a", std::string(5'000'000, 'x'))});
  for (int i = 0; i < 3; ++i) lose();
  const Status status = result(0).status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable) << status;
  EXPECT_NE(status.message().find("has not run"), std::string_view::npos) << status;
  EXPECT_EQ(peers.size(), 3u);
}

TEST_F(RedisClient, LimitsWhatWaits) {
  Options options;
  options.pipeline_depth = 1;
  options.max_waiting = 1;
  open_client(options);
  start({Command("GET", "a"), Command("GET", "b"), Command("GET", "c")});
  EXPECT_EQ(result(2).status().code(), StatusCode::ResourceExhausted);
  send("+1\r\n");
  send("+2\r\n");
  EXPECT_EQ(result(1)->text(), "2");
}

TEST_F(RedisClient, GivesTheRepliesOfATransaction) {
  open_client();
  Multi multi;
  multi.add("SET", "a", 1).add("INCR", "a");
  host.enter([&] {
    tasks.push_back(std::make_unique<Task<Result<Value>>>(db->exec(std::move(multi))));
    tasks.back()->start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  });
  network.run_for(100ms);
  send("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n");
  const Result<Value> replies = result(0);
  EXPECT_EQ((*replies)[1].integer(), 2);
}

TEST_F(RedisClient, ReportsTheFirstErrorOfATransaction) {
  open_client();
  Multi multi;
  multi.add("NOSUCH");
  host.enter([&] {
    tasks.push_back(std::make_unique<Task<Result<Value>>>(db->exec(std::move(multi))));
    tasks.back()->start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  });
  network.run_for(100ms);
  send("+OK\r\n-ERR unknown command 'NOSUCH'\r\n-EXECABORT discarded\r\n");
  EXPECT_EQ(result(0).status().code(), StatusCode::Unimplemented);
}

TEST_F(RedisClient, BreaksOffWhereTheServerSendsTooMuch) {
  open_client();
  start({Command("INCR", "a")});
  send(":1\r\n:2\r\n");
  EXPECT_EQ(result(0)->integer(), 1);
  start({Command("INCR", "a")});
  EXPECT_EQ(peers.size(), 2u);
}

TEST_F(RedisClient, RefusesCommandsThatHoldUpOthers) {
  open_client();
  start({Command("blpop", "a", 0), Command("SUBSCRIBE", "a"), Command("MULTI"),
         Command("XREAD", "BLOCK", 0, "STREAMS", "a", "$")});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(result(i).status().code(), StatusCode::InvalidArgument) << i;
  }
}

TEST_F(RedisClient, RefusesCommandsThatChangeTheConnection) {
  open_client();
  const std::vector<Command> commands{Command("client", "reply", "OFF"),
                                      Command("CLIENT", "TRACKING", "ON"),
                                      Command("CLIENT", "CACHING", "YES"),
                                      Command("SCRIPT", "DEBUG", "YES"),
                                      Command("SUNSUBSCRIBE"),
                                      Command("REPLCONF"),
                                      Command("READONLY"),
                                      Command("READWRITE"),
                                      Command("ASKING")};
  start(commands);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    EXPECT_EQ(result(i).status().code(), StatusCode::InvalidArgument) << commands[i].name();
  }
  start({Command("CLIENT", "ID"), Command("SCRIPT"), Command("CLIENT")});
  send(":1\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(result(commands.size())->integer(), 1);
}

TEST_F(RedisClient, DropsALargePush) {
  Options options;
  options.reply.bytes = 1000;
  open_client(options);
  start({Command("GET", "a")});
  send(">2\r\n+message\r\n$2000\r\n" + std::string(2000, 'x') + "\r\n+of a\r\n");
  EXPECT_EQ(result(0)->text(), "of a");
}

TEST_F(RedisClient, DoesNotTakeAPushForTheAnswerToHello) {
  hello_answer = ">1\r\n+hi\r\n";
  const Status status = testing::run(host, open("redis://server")).status();
  EXPECT_NE(status.message().find("connect_timeout"), std::string_view::npos) << status;
}

TEST_F(RedisClient, SkipsAPushWhileItConnects) {
  hello_answer = ">1\r\n+hi\r\n%0\r\n";
  open_client();
  start({Command("GET", "a")});
  send("+of a\r\n");
  EXPECT_EQ(result(0)->text(), "of a");
}

TEST_F(RedisClient, RefusesAServerThatSendsMoreThanItsGreeting) {
  // So long that they come in one piece with it, where the simulation cuts anywhere.
  for (const std::string& more :
       {"+" + std::string(400, 'x') + "\r\n:1\r\n", "$500\r\n" + std::string(400, 'x')}) {
    hello_answer = "%0\r\n" + more;
    const Status status = testing::run(host, open("redis://server")).status();
    EXPECT_NE(status.message().find("more than"), std::string_view::npos) << status;
  }
}

TEST_F(RedisClient, SaysThatNoServerAnswers) {
  network.set_down("server", true);
  const Status status = testing::run(host, open("redis://:secret@server")).status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable) << status;
  EXPECT_EQ(status.message().find("secret"), std::string_view::npos);
}

TEST(RedisOptions, AreRefusedByTheirName) {
  net::SimNetwork network(1);
  const auto message = [&](void (*change)(Options&)) {
    Options options;
    change(options);
    const Status status =
        testing::run(network.host("client"), open("redis://server", std::move(options))).status();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << status;
    return std::string(status.message());
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(message([](Options& it) { it.pipeline_depth = 0; }), HasSubstr("pipeline_depth"));
  EXPECT_THAT(message([](Options& it) { it.max_waiting = 0; }), HasSubstr("max_waiting"));
  EXPECT_THAT(message([](Options& it) { it.connect_timeout = 0s; }), HasSubstr("connect_timeout"));
  EXPECT_THAT(message([](Options& it) { it.answer_timeout = -1s; }), HasSubstr("answer_timeout"));
  EXPECT_THAT(message([](Options& it) { it.tls.emplace(); }), HasSubstr("Options::tls"));
}

TEST(RedisUrl, IsRefusedWithoutRepeatingIt) {
  net::SimNetwork network(1);
  for (const char* url : {"", "http://secret", "redis://", "redis://a:secret@", "redis://h/secret",
                          "redis://h:99999", "unix://secret", "redis://%zz@secret"}) {
    const Status status = testing::run(network.host("client"), open(url)).status();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << url;
    EXPECT_EQ(status.message().find("secret"), std::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace weft::redis
