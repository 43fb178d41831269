#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace google::protobuf {
class FileDescriptor;
}

namespace weft {

/// Which sides of a method send a stream of messages.
enum class MethodKind : std::uint8_t { Unary, ClientStreaming, ServerStreaming, BidiStreaming };

constexpr bool streams_requests(MethodKind kind) noexcept {
  return kind == MethodKind::ClientStreaming || kind == MethodKind::BidiStreaming;
}
constexpr bool streams_responses(MethodKind kind) noexcept {
  return kind == MethodKind::ServerStreaming || kind == MethodKind::BidiStreaming;
}

/// What is known of a method before any call; static data made by protoc-gen-weft.
struct MethodDescriptor {
  std::string_view name;  ///< as in the .proto: "SayHello"
  std::string_view path;  ///< "/hello.Greeter/SayHello"
  MethodKind kind = MethodKind::Unary;
  /// `option idempotency_level` is set: safe to repeat.
  bool idempotent = false;
  /// `option idempotency_level = NO_SIDE_EFFECTS`: in addition, it changes nothing, so that one
  /// answer may serve several callers.
  bool no_side_effects = false;
  bool deprecated = false;
};

/// What is known of a service; static data made by protoc-gen-weft.
struct ServiceDescriptor {
  std::string_view name;  ///< "hello.Greeter"
  std::span<const MethodDescriptor> methods;
  /// The .proto file that defines it, for reflection; null where there is none (hand-written
  /// services).
  const google::protobuf::FileDescriptor* (*file)() = nullptr;
};

}  // namespace weft
