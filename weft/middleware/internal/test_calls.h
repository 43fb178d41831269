#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

/// For this room's tests: calls of each kind, as a generated client makes them.
namespace weft::middleware::test {

using Text = google::protobuf::BytesValue;
using testing::Chain;
using testing::Script;
using testing::ScriptedService;

inline constexpr MethodDescriptor kUnary{.name = "Unary", .path = "/test.Kinds/Unary"};
inline constexpr MethodDescriptor kIdempotent{
    .name = "Get", .path = "/test.Kinds/Get", .idempotent = true};
inline constexpr MethodDescriptor kCollect{
    .name = "Collect", .path = "/test.Kinds/Collect", .kind = MethodKind::ClientStreaming};
inline constexpr MethodDescriptor kExpand{
    .name = "Expand", .path = "/test.Kinds/Expand", .kind = MethodKind::ServerStreaming};
inline constexpr MethodDescriptor kIdempotentExpand{.name = "List",
                                                    .path = "/test.Kinds/List",
                                                    .kind = MethodKind::ServerStreaming,
                                                    .idempotent = true};
inline constexpr MethodDescriptor kChat{
    .name = "Chat", .path = "/test.Kinds/Chat", .kind = MethodKind::BidiStreaming};

inline Text text(std::string_view value) {
  Text message;
  message.set_value(std::string(value));
  return message;
}
inline std::string wire(std::string_view value) { return text(value).SerializeAsString(); }

inline Metadata metadata(std::string_view name, std::string_view value) {
  Metadata made;
  made.add(name, value);
  return made;
}

/// Remembers "event" or "event=value".
class Events final : public PolicyObserver {
 public:
  void on_policy(const PolicyEvent& event) noexcept override {
    std::string line(event.event);
    if (event.value != 0) line.append("=").append(std::to_string(event.value));
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

/// What a unary call came to.
struct Outcome {
  Status status;
  std::string text;
  Metadata response_metadata;
  Metadata trailers;
};

/// Runs calls in virtual time.
class CallTest : public ::testing::Test {
 protected:
  Outcome unary(Service& service, std::string_view request, const MethodDescriptor& method = kUnary,
                Duration timeout = kForever) {
    const Text message = text(request);
    Outcome outcome;
    CallOptions options;
    options.timeout = timeout;
    options.response_metadata = &outcome.response_metadata;
    options.trailers = &outcome.trailers;
    Result<Text> reply =
        testing::run(loop_, rpc::call_unary<Text>(service, method, message, options));
    outcome.status = reply.status();
    if (reply.ok()) outcome.text = reply->value();
    return outcome;
  }
  TimePoint now() const { return network_.now(); }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
};

}  // namespace weft::middleware::test
