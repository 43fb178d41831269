#include "weft/rpc/call/message/request_replay.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/manual_executor.h"
#include "weft/rpc/call/message/message_pipe.h"
#include "weft/rpc/internal/test_service.h"

namespace weft::rpc {
namespace {

using Poll = MessageReader::Poll;

Message message(std::string_view text) { return Message(Bytes::copy_of(text)); }

struct Flag final : Waiter {
  Flag() noexcept : Waiter([](Runnable& self) noexcept { ++static_cast<Flag&>(self).woken; }) {}
  int woken = 0;
};

class Replay : public ::testing::Test {
 protected:
  static void on_overflow(void* self, RequestReplay::Reader& reader, std::size_t kept) noexcept {
    auto& test = *static_cast<Replay*>(self);
    test.leader_ = &reader;
    test.overflowed_at_ = kept;
    test.replay_.choose(reader);
  }
  /// All that a reader has now; "|" at the end, "..." where more may come.
  static std::string read(RequestReplay::Reader& reader) {
    std::string all;
    for (;;) {
      Message next;
      switch (reader.poll(next)) {
        case Poll::Message: {
          const Bytes bytes = next.to_bytes();
          all.append(bytes.data(), bytes.size());
          break;
        }
        case Poll::End:
          return all + "|";
        case Poll::Pending:
          return all + "...";
      }
    }
  }
  MessageWriter::Poll write(std::string_view text) { return pipe_.writer().offer(message(text)); }

  ManualExecutor executor_;
  MessagePipe pipe_{executor_};
  RequestReplay::Reader* leader_ = nullptr;
  std::size_t overflowed_at_ = 0;
  RequestReplay replay_{pipe_.reader(), executor_, 10, &Replay::on_overflow, this};
};

TEST_F(Replay, EveryReaderGetsEverythingFromTheFirst) {
  RequestReplay::Reader a(replay_);
  write("1");
  EXPECT_EQ(read(a), "1...");
  RequestReplay::Reader b(replay_);
  write("2");
  EXPECT_EQ(read(b), "12...");
  EXPECT_EQ(read(a), "2...");
  pipe_.end();
  EXPECT_EQ(read(a), "|");
  RequestReplay::Reader c(replay_);
  EXPECT_EQ(read(c), "12|");
  EXPECT_TRUE(b.rewind());
  EXPECT_EQ(read(b), "12|");
}

TEST_F(Replay, AMessageWakesAllWhoWaitForIt) {
  RequestReplay::Reader a(replay_);
  RequestReplay::Reader b(replay_);
  Flag at_a;
  Flag at_b;
  a.wait(at_a);
  b.wait(at_b);
  // Borrowed: to be taken within the offer.
  const test::Text text = test::text("x");
  EXPECT_EQ(pipe_.writer().offer(codec::message_of(text)), MessageWriter::Poll::Accepted);
  executor_.run_until_idle();
  EXPECT_EQ(at_a.woken + at_b.woken, 2);
  EXPECT_EQ(read(a), text.SerializeAsString() + "...");
  EXPECT_EQ(read(b), text.SerializeAsString() + "...");
}

TEST_F(Replay, AWaiterThatIsTakenBackIsNotWoken) {
  RequestReplay::Reader a(replay_);
  Flag at_a;
  a.wait(at_a);
  EXPECT_TRUE(a.unwait());
  EXPECT_FALSE(a.unwait());
  write("1");
  executor_.run_until_idle();
  EXPECT_EQ(at_a.woken, 0);
  EXPECT_EQ(read(a), "1...");
}

TEST_F(Replay, TheChosenReaderKeepsNothingAndReadsFromTheSource) {
  RequestReplay::Reader a(replay_);
  RequestReplay::Reader b(replay_);
  write("1");
  EXPECT_EQ(read(a), "1...");
  write("2");
  EXPECT_EQ(read(b), "12...");
  EXPECT_EQ(replay_.kept(), 2U);
  replay_.choose(a);
  EXPECT_EQ(replay_.kept(), 1U);  // the one that it has not read
  EXPECT_EQ(read(a), "2...");
  EXPECT_EQ(replay_.kept(), 0U);
  write("3");
  EXPECT_EQ(read(b), "...");
  EXPECT_EQ(read(a), "3...");
  EXPECT_EQ(replay_.kept(), 0U);
  EXPECT_FALSE(a.rewind());
}

TEST_F(Replay, ChoosingAReaderMovesItsWaiterToTheSource) {
  RequestReplay::Reader a(replay_);
  Flag at_a;
  a.wait(at_a);
  replay_.choose(a);
  write("1");
  executor_.run_until_idle();
  EXPECT_EQ(at_a.woken, 1);
  EXPECT_EQ(read(a), "1...");
  a.wait(at_a);
  EXPECT_TRUE(a.unwait());
}

TEST_F(Replay, WhoTakesTheMessageBeyondTheLimitIsAskedFor) {
  RequestReplay::Reader a(replay_);
  RequestReplay::Reader b(replay_);
  write("12345");
  EXPECT_EQ(read(a), "12345...");
  write("67890");
  EXPECT_EQ(read(b), "1234567890...");
  EXPECT_EQ(leader_, nullptr);
  write("1");
  EXPECT_EQ(read(b), "1...");
  EXPECT_EQ(leader_, &b);
  EXPECT_EQ(overflowed_at_, 11U);
  EXPECT_EQ(read(a), "...");
  EXPECT_EQ(replay_.kept(), 0U);
}

TEST_F(Replay, ClosingAReaderEndsItAndWakesItsWaiter) {
  RequestReplay::Reader a(replay_);
  RequestReplay::Reader b(replay_);
  Flag at_a;
  a.wait(at_a);
  a.close();
  executor_.run_until_idle();
  EXPECT_EQ(at_a.woken, 1);
  write("1");
  EXPECT_EQ(read(a), "|");
  EXPECT_EQ(read(b), "1...");
}

TEST_F(Replay, DoesNotCopyOrCountASingleRequest) {
  const test::Text text = test::text("a long text");
  SingleRequest source(codec::message_of(text));
  RequestReplay replay(source, executor_, 1, &Replay::on_overflow, this);
  for (int i = 0; i < 2; ++i) {
    RequestReplay::Reader reader(replay);
    Message request;
    ASSERT_EQ(reader.poll(request), Poll::Message);
    EXPECT_FALSE(request.is_bytes());
    EXPECT_TRUE(request.last());
    EXPECT_EQ(reader.poll(request), Poll::End);
  }
  EXPECT_EQ(replay.kept(), 0U);
  EXPECT_EQ(leader_, nullptr);
}

TEST_F(Replay, MayBeDestroyedWhileItWaitsForTheSource) {
  Flag flag;
  {
    RequestReplay replay(pipe_.reader(), executor_, 10, &Replay::on_overflow, this);
    RequestReplay::Reader reader(replay);
    reader.wait(flag);
  }
  write("1");
  executor_.run_until_idle();
  EXPECT_EQ(flag.woken, 0);
}

}  // namespace
}  // namespace weft::rpc
