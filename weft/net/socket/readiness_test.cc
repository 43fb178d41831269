#include "weft/net/socket/readiness.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/loop/internal/test_io.h"

namespace weft::net {
namespace {

/// Both ends of a socket, non-blocking.
class ReadinessTest : public ::testing::Test, protected StreamHandler {
 protected:
  ReadinessTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  }
  ~ReadinessTest() {
    for (const int fd : fds) ::close(fd);
  }
  void on_readable() noexcept override {
    ++readable;
    loop.stop();
  }
  void on_writable() noexcept override {
    ++writable;
    loop.stop();
  }
  void run() {
    test::Watchdog watchdog(loop);
    loop.run();
  }

  AsioLoop loop;
  std::array<int, 2> fds{-1, -1};
  int readable = 0;
  int writable = 0;
};

TEST_F(ReadinessTest, TellsOnceForEachWish) {
  StreamHandler& handler = *this;
  Readiness readiness(loop, fds[0], handler);
  ASSERT_TRUE(readiness.watches());
  readiness.want_read();
  ASSERT_EQ(::write(fds[1], "ab", 2), 2);
  run();
  EXPECT_EQ(readable, 1);
  // What was not read is told again.
  readiness.want_read();
  run();
  EXPECT_EQ(readable, 2);
  readiness.want_write();
  run();
  EXPECT_EQ(writable, 1);
  EXPECT_EQ(readable, 2);
}

TEST_F(ReadinessTest, WhatComesAfterDrainedIsTold) {
  StreamHandler& handler = *this;
  Readiness readiness(loop, fds[0], handler);
  readiness.want_read();
  ASSERT_EQ(::write(fds[1], "a", 1), 1);
  run();
  char byte = 0;
  ASSERT_EQ(::read(fds[0], &byte, 1), 1);
  readiness.drained();
  readiness.want_read();
  ASSERT_EQ(::write(fds[1], "b", 1), 1);
  run();
  EXPECT_EQ(readable, 2);
}

TEST_F(ReadinessTest, TheLibraryMayCloseItsOwnDescriptor) {
  StreamHandler& handler = *this;
  Readiness readiness(loop, fds[0], handler);
  ::close(fds[0]);
  fds[0] = ::dup(fds[1]);
  readiness.want_write();
  run();
  EXPECT_EQ(writable, 1);
}

TEST_F(ReadinessTest, SaysWhetherItWatches) {
  StreamHandler& handler = *this;
  const Readiness readiness(loop, -1, handler);
  EXPECT_FALSE(readiness.watches());
}

}  // namespace
}  // namespace weft::net
