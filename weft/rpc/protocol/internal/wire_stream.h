#pragma once

#include <memory>
#include <string>

#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/net/socket/stream_io.h"
#include "weft/rpc/connection/internal/memory_budget.h"
#include "weft/rpc/connection/internal/rare_timer.h"
#include "weft/rpc/protocol/wire_protocol.h"
#include "weft/rpc/server/internal/admission.h"
#include "weft/rpc/server/socket/internal/other_protocols.h"
#include "weft/rpc/server/socket/internal/peer_connections.h"

namespace weft::rpc {

/// A connection that a protocol of the user's serves.
class WireStream final : public OtherConnection, private WireConnection {
 public:
  WireStream(ServerLoop& server, WireProtocol& protocol, std::unique_ptr<net::Stream> stream,
             PeerConnections::Slot slot);
  WireStream(const WireStream&) = delete;
  WireStream& operator=(const WireStream&) = delete;
  ~WireStream() override = default;

  /// In a turn of its own.
  void start();
  net::Loop& loop() const noexcept override;

  // OtherConnection
  bool drain() noexcept override;
  void cancel(const Status& reason) noexcept override { context_.cancel(reason); }
  const ConnectionMemory* memory() const noexcept override {
    return context_.is_cancelled() ? nullptr : &memory_;
  }
  void shed() noexcept override;
  std::string describe() const override;

 private:
  // WireConnection
  const Peer::Ref& peer() const noexcept override { return peer_; }
  Dispatcher& dispatcher() const noexcept override;
  const HealthRegistry& health() const noexcept override;
  HttpHandler* handler_for(const HttpHead& head) const override;
  Status request_began(std::string_view path, Refusable refusable) override;
  void request_ended() noexcept override;
  Context& context() noexcept override { return context_; }
  Task<Result<std::size_t>> read(std::span<char> into) override { return io_.read(into); }
  Task<Status> write(std::string_view bytes) override { return io_.write(bytes); }
  net::Stream& stream() noexcept override { return *stream_; }
  void set_memory(std::size_t bytes) noexcept override {
    memory_.set_own(sizeof(WireStream) + bytes);
  }
  Status admit_memory() const override { return memory_.admit(); }
  void log_refused(std::string_view why) noexcept override;
  bool draining() const noexcept override { return draining_; }
  Task<> drained() override;
  Duration max_idle() const noexcept override;

  struct Start final : Runnable {
    explicit Start(WireStream& of) noexcept
        : Runnable([](Runnable& item) noexcept { static_cast<Start&>(item).self.run(); }),
          self(of) {}
    WireStream& self;
  };
  void run() noexcept;
  void on_done() noexcept;
  void leave(const Status& why) noexcept;
  void aged() noexcept;
  void over() noexcept;

  // What a protocol's coroutines and buffers usually take.
  static constexpr std::size_t kMemory = 16 * 1024;

  ServerLoop& server_;
  WireProtocol& protocol_;
  std::unique_ptr<net::Stream> stream_;
  PeerConnections::Slot slot_;
  ConnectionMemory memory_;
  Peer::Ref peer_;
  net::StreamIo io_;
  Context context_;
  Event drain_;
  RareTimer<WireStream> age_;  // then its grace
  Admission::Client in_round_;
  bool draining_ = false;
  Start start_{*this};
  Task<> task_;
};

}  // namespace weft::rpc
