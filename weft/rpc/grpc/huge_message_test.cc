// Messages that protobuf cannot write, of either side: larger than an int counts. None of that size
// is made here.

#include <cstdlib>
#include <string>

#include <google/protobuf/message_lite.h>
#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

/// Says that it takes 3 GiB. To write it ends the test, as it ends a program.
class Huge final : public google::protobuf::MessageLite {
 public:
  Huge() = default;
  Huge(const Huge&) : MessageLite() {}
  Huge& operator=(const Huge&) { return *this; }
  std::string GetTypeName() const override { return "test.Huge"; }
  MessageLite* New(google::protobuf::Arena*) const override { return new Huge; }
  void Clear() override {}
  bool IsInitialized() const override { return true; }
  void CheckTypeAndMergeFrom(const MessageLite&) override {}
  std::size_t ByteSizeLong() const override { return std::size_t{3} << 30; }
  int GetCachedSize() const override { return 0; }
  std::uint8_t* _InternalSerialize(std::uint8_t*,
                                   google::protobuf::io::EpsCopyOutputStream*) const override {
    std::abort();
  }
};

const Status kTooLarge = resource_exhausted(
    "message of 3221225472 bytes: the limit of a protobuf message is 2147483647");

/// Answers with such messages.
class HugeAnswers : public Kinds {
 public:
  Task<Status> serve(std::size_t method, Call& call) override {
    if (method == 0) return serve_unary<&HugeAnswers::One>(call, *this);
    if (method == 2) return serve_server_streaming(call, *this, &HugeAnswers::Many);
    return Kinds::serve(method, call);
  }
  Task<Result<Huge>> One(ServerContext&, const Text&) { return Huge(); }
  Task<Status> Many(ServerContext&, const Text&, Writer<Huge>& writer) {
    const Huge huge;
    static_cast<void>(co_await writer.write(huge));
    co_return writer.status();
  }
};

Task<Status> expand_text(Channel& channel) {
  const Text request = text("x");
  auto stream = co_await test::expand(channel, request);
  while (co_await stream.read()) {
  }
  co_return co_await stream.finish();
}

Task<Status> expand_huge(Channel& channel) {
  const Huge huge;
  auto stream =
      co_await OpenStream<ClientReader<Text>>(channel, test::kMethods[2], &huge, CallOptions{});
  while (co_await stream.read()) {
  }
  co_return co_await stream.finish();
}

Task<Status> chat_huge(Channel& channel) {
  const Huge huge;
  auto stream = co_await OpenStream<ClientReaderWriter<Huge, Text>>(channel, test::kMethods[3],
                                                                    nullptr, CallOptions{});
  static_cast<void>(co_await stream.write(huge));
  co_return co_await stream.finish();
}

class HugeMessages : public ::testing::Test {
 protected:
  Status unary(const google::protobuf::MessageLite& request, CallOptions options = {}) {
    return world.run(call_unary<Text>(world.channel(), test::kMethods[0], request, options))
        .status();
  }
  /// The connection stays open.
  void TearDown() override { EXPECT_EQ(world.server().active_connections(), 1U); }
  InProcess world;
};

TEST_F(HugeMessages, OfAClientEndTheCallBeforeTheyAreWritten) {
  world.add<Kinds>();
  EXPECT_TRUE(unary(text("x")).ok());
  EXPECT_EQ(unary(Huge()), kTooLarge);
  EXPECT_EQ(unary(Huge(), {.compression = Compression::Gzip}), kTooLarge);
  EXPECT_EQ(world.run(expand_huge(world.channel())), kTooLarge);
  EXPECT_EQ(world.run(chat_huge(world.channel())), kTooLarge);
  EXPECT_TRUE(unary(text("x")).ok());
}

TEST_F(HugeMessages, OfAServerEndTheCallBeforeTheyAreWritten) {
  world.add<HugeAnswers>();
  EXPECT_EQ(unary(text("x")), kTooLarge);
  EXPECT_EQ(world.run(expand_text(world.channel())), kTooLarge);
}

TEST(HugeMessage, IsNotParsedFromAnObjectThatBorrowsIt) {
  const Huge huge;
  Text into;
  const Message message = codec::message_of(huge);
  EXPECT_FALSE(message.writable());
  EXPECT_FALSE(message.owned().writable());
  EXPECT_EQ(message.owned().size(), message.size());
  EXPECT_FALSE(message.owned().borrows());
  for (const Message& each : {message, message.owned()}) {
    EXPECT_EQ(codec::parse(each, into).code(), StatusCode::ResourceExhausted);
  }
  EXPECT_EQ(codec::encode(huge).status(),
            resource_exhausted("3221225472 bytes are more than a test.Huge can hold, 2147483647"));
}

}  // namespace
}  // namespace weft::rpc
