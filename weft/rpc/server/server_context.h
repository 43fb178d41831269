#pragma once

#include <string_view>
#include <utility>

#include "weft/rpc/call/call.h"

namespace weft {

/// What a handler sees of its call beside the messages. Lives as long as the handler runs; used on
/// the call's loop only. Where slow handlers are taken over (ServerOptions::handler_bound), what
/// changes the call, call() and context() first wait until the handler has its loop again.
class ServerContext {
 public:
  explicit ServerContext(Call& call) noexcept : call_(call) {}
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  /// What the client sent along.
  const Metadata& metadata() const noexcept { return std::as_const(call_).request_metadata(); }
  /// Sent before the first response message.
  Metadata& response_metadata() noexcept { return call().response_metadata(); }
  /// Sent after the last response message.
  Metadata& trailers() noexcept { return call().trailers(); }
  /// Sends response_metadata() now rather than with the first message.
  void send_response_metadata() { call().announce_response_metadata(); }

  /// kNever where the client set none. Calls made from the handler inherit it.
  TimePoint deadline() const noexcept { return call_.context().deadline(); }
  /// How long is left; kForever without a deadline, zero or less when it has passed.
  Duration time_left() const noexcept {
    return deadline() == kNever ? kForever : deadline() - call_.loop().now();
  }
  /// The client has gone, cancelled, or the deadline has passed; cancel_reason() says which.
  bool is_cancelled() const noexcept { return call_.context().is_cancelled(); }
  const Status& cancel_reason() const noexcept { return call_.context().cancel_reason(); }

  /// "/hello.Greeter/SayHello".
  std::string_view path() const noexcept { return call_.path(); }
  const Peer& peer() const noexcept { return *call_.peer(); }
  /// The client's verified certificate (mutual TLS); null if it has none.
  const net::CertificateInfo* identity() const noexcept { return peer().identity(); }
  /// The caller's identity: the one that a middleware has set, else that of the certificate; null
  /// if unknown.
  const Principal* principal() const { return std::as_const(call_).principal(); }
  /// What a middleware has attached to the call (Call::attach()); null where there is none of this
  /// type. Does not wait for the loop: middlewares attach before the handler begins.
  template <class T>
  T* find() noexcept {
    return call_.find<T>();
  }
  template <class T>
  const T* find() const noexcept {
    return std::as_const(call_).find<T>();
  }

  /// Encoding of the responses, to be set before the first; an encoding that the client does not
  /// accept is ignored.
  void set_compression(Compression compression) noexcept { call().set_compression(compression); }

  Call& call() noexcept {
    Executor::leave_user_code();
    return call_;
  }
  Context& context() noexcept { return call().context(); }

 private:
  Call& call_;
};

}  // namespace weft
