#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"
#include "weft/coro/all.h"
#include "weft/coro/context.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/storage/redis/client.h"
#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

#include "tests/peers/free_port.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;

/// Debian's redis-tools has the server under this name, and is what runs by its argv[0]; the
/// package redis-server would start a service.
constexpr const char* kProgram = "/usr/bin/redis-check-rdb";

/// A Redis server: a process with a folder of its own, which keeps nothing on the disk.
class RedisProcess {
 public:
  explicit RedisProcess(std::vector<std::string> more = {}) : more_(std::move(more)) { start(); }
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;
  ~RedisProcess() { end(); }

  void start() {
    std::vector<std::string> words{
        "redis-server", "--port",       std::to_string(port), "--bind", "127.0.0.1", "--save", "",
        "--dir",        folder.file("")};
    words.insert(words.end(), more_.begin(), more_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int fd = ::open(folder.file("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
    // A test that crashes leaves no server behind.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv(kProgram, arguments.data());
    ::_exit(127);
  }
  void signal(int signal) const { ::kill(pid_, signal); }
  void end() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string url(const std::string& user = {}) const {
    return "redis://" + user + "127.0.0.1:" + std::to_string(port);
  }

  const testing::Folder folder;
  const int port = free_port();

 private:
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

class Redis : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kProgram, X_OK) != 0) GTEST_SKIP() << "redis-tools is not installed (./dev setup)";
  }
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(loop, std::move(task), 20s);
  }
  /// Waits until the server answers.
  redis::Client opened(const std::string& url, const redis::Options& options = {}) {
    Result<redis::Client> db = run(redis::open(url, options));
    for (int i = 0; i < 500 && db.status().code() == StatusCode::Unavailable; ++i) {
      static_cast<void>(run(net::sleep(10ms)));
      db = run(redis::open(url, options));
    }
    EXPECT_TRUE(db.ok()) << db.status();
    return *std::move(db);
  }

  net::AsioLoop loop;
};

TEST_F(Redis, AnswersWithItsTypes) {
  const RedisProcess server;
  redis::Client db = opened(server.url());
  EXPECT_EQ(run(db.run("SET", "a", "\r\nx"))->text(), "OK");
  EXPECT_EQ(run(db.run("GET", "a"))->text(), "\r\nx");
  EXPECT_TRUE(run(db.run("GET", "none"))->is_null());
  EXPECT_EQ(run(db.run("HSET", "h", "one", 1, "two", 2))->integer(), 2);
  using Map = std::map<std::string, int>;
  EXPECT_EQ((*run(db.run_as<Map>(redis::Command("HGETALL", "h")))), (Map{{"one", 1}, {"two", 2}}));
  EXPECT_EQ(run(db.run("ZADD", "z", 1.5, "m"))->integer(), 1);
  EXPECT_EQ(*run(db.run_as<double>(redis::Command("ZSCORE", "z", "m"))), 1.5);
  EXPECT_EQ(run(db.run("SMEMBERS", "none"))->type(), redis::Type::Set);
  EXPECT_EQ(redis::error_code(run(db.run("INCR", "h")).status()), "WRONGTYPE");
  EXPECT_EQ(run(db.run("NOSUCH")).status().code(), StatusCode::Unimplemented);
}

TEST_F(Redis, ReadsAttributesAndEachTypeOfItsDebugCommand) {
  const RedisProcess server({"--enable-debug-command", "yes"});
  redis::Client db = opened(server.url());
  for (const char* type : {"string", "integer", "double", "bignum", "null", "array", "set", "map",
                           "attrib", "push", "verbatim", "true", "false"}) {
    // Of a push and what has an attribute, the reply follows.
    const Result<redis::Value> value =
        run(net::in_own_context(5s, db.run("DEBUG", "PROTOCOL", type)));
    EXPECT_TRUE(value.ok()) << type << ": " << value.status();
  }
}

TEST_F(Redis, RunsTransactions) {
  const RedisProcess server;
  redis::Client db = opened(server.url());
  redis::Multi multi;
  multi.add("SET", "a", "x").add("INCR", "a").add("GET", "a");
  const Result<redis::Value> replies = run(db.exec(std::move(multi)));
  ASSERT_TRUE(replies.ok()) << replies.status();
  EXPECT_EQ((*replies)[1].type(), redis::Type::Error);
  EXPECT_EQ((*replies)[2].text(), "x");
}

Task<Result<redis::Value>> many(redis::Client db, int count) {
  std::vector<Task<Result<redis::Value>>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(db.run("INCR", "n"));
  static_cast<void>(co_await all(std::move(tasks)));
  co_return co_await db.run("GET", "n");
}

TEST_F(Redis, PipelinesMoreCommandsThanItsDepth) {
  const RedisProcess server;
  EXPECT_EQ(*run(many(opened(server.url()), 20000))->as<int>(), 20000);
}

TEST_F(Redis, LogsInAsAUserOfTheAcl) {
  const RedisProcess server({"--user", "app", "on", ">secret", "~app:*", "+@all"});
  const Status wrong = [&] {
    static_cast<void>(opened(server.url()));
    return run(redis::open(server.url("app:wrong@"))).status();
  }();
  EXPECT_EQ(wrong.code(), StatusCode::FailedPrecondition) << wrong;
  EXPECT_EQ(redis::error_code(wrong), "WRONGPASS");
  redis::Client db = opened(server.url("app:secret@"));
  EXPECT_TRUE(run(db.run("SET", "app:a", 1)).ok());
  EXPECT_EQ(run(db.run("SET", "other", 1)).status().code(), StatusCode::PermissionDenied);
}

TEST_F(Redis, ComesBackAfterARestart) {
  RedisProcess server;
  redis::Client db = opened(server.url());
  server.end();
  const Status away = run(net::in_own_context(5s, db.run("INCR", "a"))).status();
  EXPECT_FALSE(away.ok());
  server.start();
  Status back = away;
  for (int i = 0; i < 500 && !back.ok(); ++i) {
    static_cast<void>(run(net::sleep(10ms)));
    back = run(net::in_own_context(5s, db.run("INCR", "a"))).status();
  }
  EXPECT_TRUE(back.ok()) << back;
}

TEST_F(Redis, AFrozenServerDoesNotHoldACommandBeyondItsDeadline) {
  const RedisProcess server;
  redis::Options options;
  options.answer_timeout = 300ms;
  redis::Client db = opened(server.url(), options);
  server.signal(SIGSTOP);
  const Status late = run(net::in_own_context(50ms, db.run("INCR", "a"))).status();
  EXPECT_EQ(late.code(), StatusCode::DeadlineExceeded) << late;
  const Status lost = run(db.run("INCR", "a")).status();
  EXPECT_EQ(redis::error_code(lost), redis::kOutcomeUnknown) << lost;
  server.signal(SIGCONT);
  EXPECT_TRUE(run(net::in_own_context(10s, db.run("INCR", "a"))).ok());
}

TEST_F(Redis, ALargeReplyHurtsNoOther) {
  const RedisProcess server;
  redis::Options options;
  options.reply.bytes = 1 << 20;
  redis::Client db = opened(server.url(), options);
  ASSERT_TRUE(run(db.run("SETRANGE", "a", 64 << 20, "x")).ok());
  EXPECT_EQ(run(db.run("GET", "a")).status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(run(db.run("STRLEN", "a"))->integer(), (64 << 20) + 1);
}

TEST_F(Redis, AChildOfForkLeavesTheConnectionsOfItsParent) {
#if WEFT_ASAN
  GTEST_SKIP() << "a child of several threads may wait for ever for a lock of the allocator of "
                  "AddressSanitizer, which clang 16 does not take at a fork(); release runs it";
#endif
  const RedisProcess server;
  static_cast<void>(opened(server.url()));
  net::LoopThread thread;
  const auto ask = [&](Task<Result<redis::Value>> task) {
    return net::run_blocking(thread.loop(), net::in_own_context(5s, std::move(task)));
  };
  Result<redis::Client> db = net::run_blocking(thread.loop(), redis::open(server.url()));
  ASSERT_TRUE(db.ok()) << db.status();
  const std::int64_t before = ask(db->run("CLIENT", "ID"))->integer();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    { const Result<redis::Client> dropped = std::move(db); }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const Result<redis::Value> after = ask(db->run("CLIENT", "ID"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->integer(), before);
}

TEST_F(Redis, SpeaksTls) {
  const testing::CertificateAuthority ca;
  testing::CertificateOptions names;
  names.ips = {"127.0.0.1"};
  const testing::CertificateText certificate = ca.server(names);
  const testing::Folder files;
  std::ofstream(files.file("cert")) << certificate.certificate;
  std::ofstream(files.file("key")) << certificate.key;
  std::ofstream(files.file("ca")) << ca.certificate();
  const int port = free_port();
  const RedisProcess server({"--tls-port", std::to_string(port), "--tls-cert-file",
                             files.file("cert"), "--tls-key-file", files.file("key"),
                             "--tls-ca-cert-file", files.file("ca"), "--tls-auth-clients", "no"});
  static_cast<void>(opened(server.url()));
  redis::Options options;
  options.tls.emplace().ca = ca.certificate();
  const std::string url = "rediss://127.0.0.1:" + std::to_string(port);
  redis::Client db = opened(url, options);
  EXPECT_EQ(run(db.run("ECHO", std::string(100000, 'a')))->text().size(), 100000u);
  EXPECT_FALSE(run(redis::open(url)).ok());
}

}  // namespace
}  // namespace weft::test
