// Servers and clients as processes among others: signals, fork(), what the system limits.

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"
#include "weft/testing/folder.h"

#include "tests/process/child.h"
#include "tests/rpc/echo_service.h"

namespace weft::process {
namespace {

using namespace std::chrono_literals;
using rpc::test::call;
using rpc::test::Text;

// For tests whose child of fork() makes calls while its parent had several threads.
#if WEFT_TSAN
#define SKIP_IF_CHILDREN_MAY_HANG() \
  GTEST_SKIP() << "ThreadSanitizer lets a child of several threads start none; release runs it"
#elif WEFT_ASAN
#define SKIP_IF_CHILDREN_MAY_HANG()                                                        \
  GTEST_SKIP() << "AddressSanitizer of clang 16 does not hold its allocator's locks at a " \
                  "fork(), so a child may wait for one for ever; release runs it"
#else
#define SKIP_IF_CHILDREN_MAY_HANG() static_cast<void>(0)
#endif

/// A folder for sockets and logs, and calls to the server that is there.
class Process : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.file(name); }
  std::string address() const { return "unix:" + path("socket"); }
  std::vector<std::string> serve(const std::string& how = "plain", std::uint64_t number = 0) const {
    return {"serve", address(), how, std::to_string(number)};
  }
  /// Waits for the server to be there.
  Result<Text> ask(const std::string& what) {
    return call(channel(), what, {.timeout = 30s, .wait_for_ready = true});
  }
  std::string answer(const std::string& what) {
    const Result<Text> reply = ask(what);
    return reply.ok() ? reply->value() : reply.status().to_string();
  }
  Channel& channel() {
    if (channel_ == nullptr) channel_ = make_channel();
    return *channel_;
  }
  std::unique_ptr<Channel> make_channel() const {
    return std::make_unique<Channel>(address(),
                                     ChannelOptions{.initial_backoff = 10ms, .max_backoff = 50ms});
  }
  /// A call that the server works on for so long.
  std::future<Status> sleep_there(int milliseconds) {
    std::future<Status> status = std::async(std::launch::async, [this, milliseconds] {
      return ask("sleep " + std::to_string(milliseconds)).status();
    });
    while (answer("sleeping") != "1") std::this_thread::yield();
    return status;
  }

 private:
  const testing::Folder folder_;
  std::unique_ptr<Channel> channel_;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Standard error into a file; for the child before its program.
void log_to(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(file, STDERR_FILENO);
}

class StopSignal : public Process, public ::testing::WithParamInterface<int> {};

TEST_P(StopSignal, DrainsAndEndsWithStatusZero) {
  Child child(serve());
  channel();
  std::future<Status> call = sleep_there(300);
  child.signal(GetParam());
  EXPECT_TRUE(call.get().ok());
  EXPECT_EQ(child.wait(), "exit 0");
}

TEST_P(StopSignal, IsSeenAlsoWhereAThreadWasStartedBeforeRun) {
  Child child(serve("call_first"));
  channel();
  std::future<Status> call = sleep_there(300);
  child.signal(GetParam());
  EXPECT_TRUE(call.get().ok());
  EXPECT_EQ(child.wait(), "exit 0");
}

TEST_P(StopSignal, IsSeenInAProcessStartedWithItBlocked) {
  Child child(serve(), [] {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, nullptr);
  });
  EXPECT_EQ(answer("x"), "x");
  child.signal(GetParam());
  EXPECT_EQ(child.wait(), "exit 0");
}

TEST_P(StopSignal, EndsTheProcessAtOnceWhenItComesTwice) {
  Child child(serve(), [this] { log_to(path("log")); });
  channel();
  std::future<Status> call = sleep_there(60000);
  child.signal(GetParam());
  while (text_of(path("log")).find("stopping: ") == std::string::npos) std::this_thread::yield();
  child.signal(GetParam());
  EXPECT_EQ(child.wait(), "signal " + std::to_string(GetParam()));
  EXPECT_EQ(call.get().code(), StatusCode::Unavailable);
}

TEST_P(StopSignal, StaysIgnoredWhereTheProcessWasStartedToIgnoreIt) {
  const int ignored = GetParam();
  Child child(serve(), [ignored] { std::signal(ignored, SIG_IGN); });
  EXPECT_EQ(answer("x"), "x");
  child.signal(ignored);
  EXPECT_EQ(answer("x"), "x");
  child.signal(ignored == SIGTERM ? SIGINT : SIGTERM);
  EXPECT_EQ(child.wait(), "exit 0");
}

INSTANTIATE_TEST_SUITE_P(Both, StopSignal, ::testing::Values(SIGTERM, SIGINT),
                         [](const auto& info) { return info.param == SIGTERM ? "Term" : "Int"; });

TEST_F(Process, IsEndedByAHangUpAsByDefault) {
  Child child(serve());
  EXPECT_EQ(answer("x"), "x");
  child.signal(SIGHUP);
  EXPECT_EQ(child.wait(), "signal " + std::to_string(SIGHUP));
}

TEST_F(Process, RunReturnsWhenAHandlerStopsTheServer) {
  Child child(serve());
  EXPECT_EQ(answer("stop"), "stop");
  EXPECT_EQ(child.wait(), "exit 0");
}

TEST_F(Process, CancelsAHandlerThatAwaitsTheShutdownAfterTheGrace) {
  Child child(serve());
  EXPECT_EQ(ask("shutdown 100").status().message(), "the server is shutting down");
  EXPECT_EQ(child.wait(), "exit 0");
}

TEST_F(Process, GoesOnWhereNobodyReadsItsLog) {
  Child child(serve(), [] {
    int ends[2];
    static_cast<void>(!::pipe(ends));
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
  });
  EXPECT_NE(answer("log 10"), "0");
  EXPECT_EQ(answer("x"), "x");
}

TEST_F(Process, GoesOnWhereItsLogMayNotGrow) {
  Child child(serve("file_size", 2000), [this] { log_to(path("log")); });
  EXPECT_NE(answer("log 100"), "0");
  EXPECT_EQ(answer("x"), "x");
  EXPECT_EQ(text_of(path("log")).size(), 2000U);
}

TEST_F(Process, KeepsClosedStandardDescriptorsFromItsSockets) {
  Child child(serve(), [] {
    for (int descriptor = 0; descriptor < 3; ++descriptor) ::close(descriptor);
  });
  EXPECT_EQ(answer("descriptors"), "/dev/null /dev/null /dev/null ");
  EXPECT_NE(answer("log 10"), "x");
  EXPECT_EQ(answer("x"), "x");
}

TEST_F(Process, MayForkBetweenMakingAndUsing) {
  EXPECT_EQ(Child({"fork_before_use", address()}).wait(), "exit 0");
}

TEST_F(Process, MayForkWhileItServesAndCalls) {
  SKIP_IF_CHILDREN_MAY_HANG();
  EXPECT_EQ(Child({"fork_in_use", address()}).wait(), "exit 0");
}

class ForkWhileCalling : public Process, public ::testing::WithParamInterface<const char*> {};

TEST_P(ForkWhileCalling, LeavesAChildThatCanCall) {
  SKIP_IF_CHILDREN_MAY_HANG();
  EXPECT_EQ(Child({"fork_while_calling", address(), GetParam()}).wait(), "exit 0");
}

INSTANTIATE_TEST_SUITE_P(Over, ForkWhileCalling,
                         ::testing::Values("unix", "dns", "registry", "tls", "policies"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(Process, LeavesOpenStreamsToItselfWhenAChildDestroysThem) {
  SKIP_IF_CHILDREN_MAY_HANG();
  EXPECT_EQ(Child({"fork_with_streams", address()}).wait(), "exit 0");
}

TEST_F(Process, EndsAChildThatUsesItsParentsStream) {
  EXPECT_EQ(Child({"use_a_parents_stream", address()}, [this] { log_to(path("log")); }).wait(),
            "exit 0");
  EXPECT_NE(text_of(path("log")).find("child of fork()"), std::string::npos);
}

TEST_F(Process, StopsAServerWhoseHandlerBlocksItsThread) {
  EXPECT_EQ(Child({"stop_a_blocked_server", address()}, [this] { log_to(path("log")); }).wait(),
            "exit 0");
  EXPECT_NE(text_of(path("log"))
                .find("the server stops without waiting for /test.Kinds/Unary, "
                      "which holds the thread of its loop"),
            std::string::npos);
}

TEST_F(Process, IsNotStoppedByASignalToAChild) {
  EXPECT_EQ(Child({"fork_in_run", address()}).wait(), "exit 0");
}

/// Connections that say nothing.
class RawConnections {
 public:
  RawConnections(const std::string& path, int count) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    for (int i = 0; i < count; ++i) {
      sockets_.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(sockets_.back(), reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)) == 0) {
        ++connected_;
      }
    }
  }
  RawConnections(const RawConnections&) = delete;
  RawConnections& operator=(const RawConnections&) = delete;
  ~RawConnections() {
    for (const int socket : sockets_) ::close(socket);
  }
  int connected() const noexcept { return connected_; }

 private:
  std::vector<int> sockets_;
  int connected_ = 0;
};

/// Why UBSan's builds cannot run out of descriptors.
[[maybe_unused]] constexpr char kUbsanNeedsDescriptors[] =
    "UBSan's check of a vptr opens a pipe to see whether memory can be read, and ends the process "
    "where there is no descriptor; release runs it";

TEST_F(Process, ServesTheConnectionsItHasWhileDescriptorsAreOut) {
#if WEFT_ASAN
  GTEST_SKIP() << kUbsanNeedsDescriptors;
#endif
  Child child(serve("files", 40), [this] { log_to(path("log")); });
  EXPECT_EQ(answer("x"), "x");
  const std::unique_ptr<Channel> late = make_channel();
  {
    const RawConnections raw(path("socket"), 100);
    EXPECT_EQ(raw.connected(), 100);  // those that are not accepted are in the backlog
    while (text_of(path("log")).find("oo many open files") == std::string::npos) {
      ASSERT_EQ(answer("x"), "x");
    }
    EXPECT_EQ(answer("x"), "x");
    EXPECT_EQ(call(*late, "x", {.timeout = 300ms, .wait_for_ready = true}).status().code(),
              StatusCode::DeadlineExceeded);
  }
  const Result<Text> reply = call(*late, "x", {.timeout = 20s, .wait_for_ready = true});
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
}

TEST_F(Process, CallsOverTheConnectionsItHasWhileDescriptorsAreOut) {
#if WEFT_ASAN
  GTEST_SKIP() << kUbsanNeedsDescriptors;
#endif
  Child server(serve());
  EXPECT_EQ(answer("x"), "x");
  EXPECT_EQ(Child({"starved_client", address()}).wait(), "exit 0");
}

TEST_F(Process, RunningOutOfMemoryEndsTheCallOnly) {
#if WEFT_ASAN || WEFT_TSAN
  GTEST_SKIP() << "a sanitizer's shadow memory needs more than the limit";
#endif
  constexpr std::uint64_t kLimit = std::uint64_t{2} << 30;
  Child child(serve("memory", kLimit));
  EXPECT_EQ(answer("allocate 1000"), "1000");
  const Result<Text> reply = ask("allocate " + std::to_string(2 * kLimit));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted) << reply.status().to_string();
  EXPECT_EQ(answer("x"), "x");
}

}  // namespace
}  // namespace weft::process
