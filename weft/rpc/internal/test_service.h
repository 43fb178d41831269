#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <google/protobuf/wrappers.pb.h>

#include "weft/rpc/client/client_stream.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server/handler.h"

/// For this room's tests: a service with a method of each kind, as the generator would make it, and
/// the client's side of it.
namespace weft::rpc::test {

using Text = google::protobuf::BytesValue;

inline constexpr MethodDescriptor kMethods[] = {
    {"Unary", "/test.Kinds/Unary", MethodKind::Unary},
    {"Collect", "/test.Kinds/Collect", MethodKind::ClientStreaming},
    {"Expand", "/test.Kinds/Expand", MethodKind::ServerStreaming},
    {"Chat", "/test.Kinds/Chat", MethodKind::BidiStreaming}};
inline constexpr ServiceDescriptor kDescriptor{"test.Kinds", kMethods, nullptr};

inline Text text(std::string_view value) {
  Text message;
  message.set_value(std::string(value));
  return message;
}

/// What a test does not override answers as an echo does: Collect joins, Expand repeats each
/// character as a message of its own.
class Kinds : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t method, Call& call) override {
    switch (method) {
      case 0:
        return serve_unary<&Kinds::Unary>(call, *this);
      case 1:
        return serve_client_streaming(call, *this, &Kinds::Collect);
      case 2:
        return serve_server_streaming(call, *this, &Kinds::Expand);
      default:
        return serve_bidi_streaming(call, *this, &Kinds::Chat);
    }
  }

  virtual Task<Result<Text>> Unary(ServerContext&, const Text& request) { return request; }
  virtual Task<Result<Text>> Collect(ServerContext&, Reader<Text>& reader) {
    Text all;
    while (const std::optional<Text> part = co_await reader.read()) {
      *all.mutable_value() += part->value();
    }
    co_return all;
  }
  virtual Task<Status> Expand(ServerContext&, const Text& request, Writer<Text>& writer) {
    for (const char letter : request.value()) {
      const Text part = text({&letter, 1});
      if (!co_await writer.write(part)) co_return writer.status();
    }
    co_return ok_status();
  }
  virtual Task<Status> Chat(ServerContext&, Reader<Text>& reader, Writer<Text>& writer) {
    while (const std::optional<Text> part = co_await reader.read()) {
      if (!co_await writer.write(*part)) co_return writer.status();
    }
    co_return ok_status();
  }
};

/// What the generated client is, as free functions.
inline Task<Result<Text>> unary(Service& channel, const Text& request, CallOptions options = {}) {
  return call_unary<Text>(channel, kMethods[0], request, options);
}
inline auto collect(Service& channel, CallOptions options = {}) {
  return OpenStream<ClientWriter<Text, Text>>(channel, kMethods[1], nullptr, options);
}
inline auto expand(Service& channel, const Text& request, CallOptions options = {}) {
  return OpenStream<ClientReader<Text>>(channel, kMethods[2], &request, options);
}
inline auto chat(Service& channel, CallOptions options = {}) {
  return OpenStream<ClientReaderWriter<Text, Text>>(channel, kMethods[3], nullptr, options);
}

}  // namespace weft::rpc::test
