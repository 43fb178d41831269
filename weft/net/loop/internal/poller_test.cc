#include "weft/net/loop/internal/poller.h"

#include <array>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/descriptor.h"
#include "weft/net/loop/internal/test_io.h"

namespace weft::net::internal {
namespace {

using namespace std::chrono_literals;
using Block = Poller::Block;

struct Target final : EventTarget {
  void on_events(std::uint32_t events) noexcept override { seen.push_back(events); }
  std::vector<std::uint32_t> seen;
};

struct Pair {
  Pair() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  }
  ~Pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void send(const char* text) const {
    EXPECT_EQ(::write(ends[1], text, std::strlen(text)), static_cast<ssize_t>(std::strlen(text)));
  }
  int ends[2];
};

TEST(Poller, ReportsWhatComesOnceAndAgainWhenItIsRearmed) {
  Target timer;
  Target target;
  Pair pair;
  Poller poller(timer);
  ASSERT_EQ(poller.add(pair.ends[0], EPOLLIN, target), 0);
  EXPECT_FALSE(poller.fetch(Block::No));
  pair.send("one");
  EXPECT_TRUE(poller.fetch(Block::Yes));
  EXPECT_TRUE(poller.dispatch());
  EXPECT_FALSE(poller.dispatch());
  EXPECT_EQ(target.seen, std::vector<std::uint32_t>{EPOLLIN});
  EXPECT_FALSE(poller.fetch(Block::No));
  EXPECT_EQ(poller.rearm(pair.ends[0], EPOLLIN, target), 0);
  EXPECT_TRUE(poller.fetch(Block::Yes));
  poller.remove(pair.ends[0], target);
  EXPECT_FALSE(poller.dispatch());
}

TEST(Poller, KeepsWhatItFetchedUntilThatIsDispatched) {
  Target timer;
  Target first;
  Target second;
  Pair one;
  Pair two;
  Poller poller(timer);
  ASSERT_EQ(poller.add(one.ends[0], EPOLLIN, first), 0);
  ASSERT_EQ(poller.add(two.ends[0], EPOLLIN, second), 0);
  one.send("1");
  two.send("2");
  EXPECT_TRUE(poller.fetch(Block::Yes));
  EXPECT_TRUE(poller.dispatch());
  EXPECT_TRUE(poller.fetch(Block::No));
  EXPECT_TRUE(poller.dispatch());
  EXPECT_TRUE(poller.empty());
  EXPECT_EQ(first.seen.size() + second.seen.size(), 2U);
}

TEST(Poller, IsWokenFromAnotherThreadHoweverOften) {
  Target timer;
  Poller poller(timer);
  for (int i = 0; i < 3; ++i) {
    std::thread other([&] { poller.wake(); });
    EXPECT_TRUE(poller.fetch(Block::Yes));
    EXPECT_FALSE(poller.dispatch());
    other.join();
  }
}

TEST(Poller, ReportsTimesDueAndPassed) {
  Target timer;
  Poller poller(timer);
  poller.set_timer(std::chrono::steady_clock::now() + 1ms);
  EXPECT_TRUE(poller.fetch(Block::Yes));
  EXPECT_TRUE(poller.dispatch());
  poller.set_timer(TimePoint{} - 1h);
  EXPECT_TRUE(poller.fetch(Block::Yes));
  EXPECT_TRUE(poller.dispatch());
  EXPECT_EQ(timer.seen.size(), 2U);
}

TEST(Poller, ReportsItsDescriptorReadableToAnother) {
  Target timer;
  Target target;
  Poller outer(timer);
  Poller inner(timer);
  ASSERT_EQ(outer.add(inner.fd(), EPOLLIN, target), 0);
  inner.wake();
  EXPECT_TRUE(outer.fetch(Block::Yes));
  EXPECT_TRUE(outer.dispatch());
  EXPECT_EQ(target.seen.size(), 1U);
}

TEST(Poller, SaysWhatIsNoDescriptor) {
  Target timer;
  Target target;
  Poller poller(timer);
  EXPECT_EQ(poller.add(-1, EPOLLIN, target), EBADF);
  EXPECT_EQ(poller.watched(), 0U);
}

/// Reads a byte at a time.
struct Reader final : StreamHandler {
  void on_readable() noexcept override {
    char byte = 0;
    const ssize_t size = ::read(descriptor->fd(), &byte, 1);
    if (size == 1) text.push_back(byte);
    if (size == 0) ended = true;
    if (size < 0) descriptor->drained();
    if (!ended && !paused) descriptor->want_read();
    if (ended || paused || text.size() == enough) loop->stop();
  }
  void on_writable() noexcept override {}
  AsioLoop* loop;
  DescriptorRef descriptor;
  std::string text;
  std::size_t enough = SIZE_MAX;
  bool ended = false;
  bool paused = false;
};

class Descriptors : public ::testing::Test {
 protected:
  Descriptors() {
    reader_.loop = &loop_;
    reader_.descriptor = Descriptor::adopt(loop_, ::dup(pair_.ends[0]));
    reader_.descriptor->set_handler(&reader_);
  }
  ~Descriptors() override { reader_.descriptor->close(); }
  AsioLoop loop_;
  test::Watchdog watchdog_{loop_};
  Pair pair_;
  Reader reader_;
};

TEST_F(Descriptors, TellsAgainOfWhatWasLeftUnread) {
  reader_.descriptor->want_read();
  pair_.send("abc");
  reader_.enough = 3;
  loop_.run();
  EXPECT_EQ(reader_.text, "abc");
}

TEST_F(Descriptors, TellsOfWhatCameBeforeItWasWanted) {
  pair_.send("abc");
  // The event comes, and nobody wants it.
  loop_.post([this] { loop_.post([this] { reader_.descriptor->want_read(); }); });
  reader_.enough = 3;
  loop_.run();
  EXPECT_EQ(reader_.text, "abc");
}

TEST_F(Descriptors, TellsOfWhatComesAfterAllWasRead) {
  reader_.descriptor->want_read();
  pair_.send("a");
  reader_.enough = 1;
  loop_.run();
  // Finds nothing to read, so that no system call asks for the next event.
  loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
  loop_.run();
  pair_.send("b");
  reader_.enough = 2;
  loop_.run();
  EXPECT_EQ(reader_.text, "ab");
}

TEST_F(Descriptors, ReportAnEndThatCameWithTheLastBytes) {
  pair_.send("z");
  ::shutdown(pair_.ends[1], SHUT_WR);
  reader_.descriptor->want_read();
  loop_.run();
  EXPECT_EQ(reader_.text, "z");
  EXPECT_TRUE(reader_.ended);
}

/// As a stream does after a short read: all is drained, though the end is not read yet.
struct ShortReader final : StreamHandler {
  void on_readable() noexcept override {
    char bytes[16];
    const ssize_t size = ::read(descriptor->fd(), bytes, sizeof(bytes));
    if (size > 0) {
      descriptor->drained();
      descriptor->want_read();
    } else {
      ended = size == 0;
      loop->stop();
    }
  }
  void on_writable() noexcept override {}
  AsioLoop* loop;
  DescriptorRef descriptor;
  bool ended = false;
};

TEST(Descriptor, TellsOfTheEndAfterAShortReadBeforeIt) {
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  Pair pair;
  ShortReader reader;
  reader.loop = &loop;
  reader.descriptor = Descriptor::adopt(loop, ::dup(pair.ends[0]));
  reader.descriptor->set_handler(&reader);
  pair.send("last");
  ::shutdown(pair.ends[1], SHUT_WR);
  reader.descriptor->want_read();
  loop.run();
  EXPECT_TRUE(reader.ended);
  reader.descriptor->close();
}

TEST(Descriptor, IsToldOfBeforeWhatIsPostedMeanwhile) {
  struct Noting final : StreamHandler {
    void on_readable() noexcept override {
      log->push_back('r');
      loop->post([this] { log->push_back('p'); });
    }
    void on_writable() noexcept override {}
    AsioLoop* loop;
    std::string* log;
  };
  AsioLoop loop;
  const test::Watchdog watchdog(loop);
  std::array<Pair, 3> pairs;
  std::array<Noting, 3> handlers;
  std::array<DescriptorRef, 3> descriptors;
  std::string log;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    handlers[i].loop = &loop;
    handlers[i].log = &log;
    descriptors[i] = Descriptor::adopt(loop, ::dup(pairs[i].ends[0]));
    descriptors[i]->set_handler(&handlers[i]);
    descriptors[i]->want_read();
    pairs[i].send("x");
  }
  while (log.size() < 6) {
    loop.post([&] { loop.stop(); });
    loop.run();
  }
  EXPECT_EQ(log, "rrrppp");
  for (const DescriptorRef& descriptor : descriptors) descriptor->close();
}

TEST_F(Descriptors, AreNotStarvedByWorkThatPostsItself) {
  struct Again final : Runnable {
    explicit Again(AsioLoop& on) : Runnable(&Again::go), loop(on) {}
    static void go(Runnable& item) noexcept { static_cast<Again&>(item).loop.post(item); }
    AsioLoop& loop;
  };
  Again again(loop_);
  loop_.post(again);
  reader_.descriptor->want_read();
  reader_.enough = 1;
  pair_.send("a");
  loop_.run();
  EXPECT_EQ(reader_.text, "a");
  again.run = [](Runnable&) noexcept {};
  loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
  loop_.run();
}

TEST_F(Descriptors, MayPauseWhileThereIsMoreAndGoOn) {
  reader_.paused = true;
  reader_.descriptor->want_read();
  pair_.send("abc");
  loop_.run();
  EXPECT_EQ(reader_.text, "a");
  reader_.paused = false;
  reader_.enough = 3;
  reader_.descriptor->want_read();
  loop_.run();
  EXPECT_EQ(reader_.text, "abc");
}

}  // namespace
}  // namespace weft::net::internal
