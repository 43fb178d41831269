#include "weft/rpc/client/unary_call.h"

#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"

namespace weft::rpc {
namespace {

using test::Text;
using test::text;

// A call refers to its options, so temporary ones do not compile.
template <class Request, class Options>
constexpr bool kMakesACall = std::is_constructible_v<UnaryCall, net::Loop&, Context*, Service&,
                                                     const MethodDescriptor&, Request, Options>;
static_assert(kMakesACall<Message, const CallOptions&>);
static_assert(!kMakesACall<Message, CallOptions>);
static_assert(kMakesACall<const Text&, CallOptions&>);
static_assert(!kMakesACall<const Text&, CallOptions>);

/// A message as it is on the wire.
Bytes packed(const std::string& value) { return Bytes::copy_of(text(value).SerializeAsString()); }

TEST(SingleResponse, TakesBytesWithoutACopy) {
  SingleResponse response;
  const Bytes bytes = packed("an answer");
  Message message{Bytes(bytes)};
  EXPECT_EQ(response.take(message), MessageWriter::Poll::Accepted);
  Bytes kept;
  ASSERT_TRUE(response.finish(Status(), kept).ok());
  EXPECT_EQ(kept.data(), bytes.data());
}

TEST(SingleResponse, CopiesWhatIsBorrowed) {
  SingleResponse response;
  Text object = text("an answer");
  Message message = codec::message_of(object);
  EXPECT_EQ(response.take(message), MessageWriter::Poll::Accepted);
  object.set_value("changed");
  Text into;
  ASSERT_TRUE(response.finish(Status(), into).ok());
  EXPECT_EQ(into.value(), "an answer");
}

TEST(SingleResponse, CountsWhatItTakes) {
  SingleResponse response;
  Text into;
  EXPECT_EQ(response.finish(Status(), into).code(), StatusCode::Unimplemented);
  Message first{packed("1")};
  Message second{packed("2")};
  response.take(first);
  response.take(second);
  EXPECT_EQ(response.finish(Status(), into).code(), StatusCode::Unimplemented);
}

TEST(UnaryCall, OfNoLoopSaysSo) {
  struct Nobody final : Service {
    Task<Status> serve(Call&) override { return Status(); }
  } nobody;
  const Text request = text("?");
  Task<Result<Text>> call = call_unary<Text>(nobody, test::kMethods[0], request, {});
  bool done = false;
  call.start(nullptr, {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
  ASSERT_TRUE(done);
  const Result<Text> reply = call.take();
  EXPECT_EQ(reply.status().code(), StatusCode::FailedPrecondition) << reply.status().to_string();
}

}  // namespace
}  // namespace weft::rpc
