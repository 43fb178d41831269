#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/coro/context.h"
#include "weft/coro/event.h"
#include "weft/coro/task.h"
#include "weft/edge/websocket/internal/frame.h"
#include "weft/edge/websocket/internal/socket_input.h"
#include "weft/edge/websocket/internal/socket_output.h"
#include "weft/edge/websocket/websocket.h"
#include "weft/net/loop/timer.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// A WebSocket as the HTTP exchange of one of Connect's streams: what the client's binary messages
/// carry is the content of a request, and the response becomes messages. Belongs to its loop, and
/// lives in the coroutine that serves the request that was upgraded.
///
///     opening ──a text with fields, or the first binary message──▶ the call ──▶ close() ──▶ over
///         │                                                          │
///         └────── a violation, Close, the end, a Ping unanswered ────┴──▶ context() is cancelled
class SocketExchange final : public rpc::HttpExchange {
 public:
  /// `wire`: the request, whose upgrade has been answered. Both outlive it.
  SocketExchange(rpc::HttpExchange& wire, const WebSocketOptions& options);
  SocketExchange(const SocketExchange&) = delete;
  SocketExchange& operator=(const SocketExchange&) = delete;

  /// Waits until head() is whole; not OK where it never will be.
  Task<Status> opened();
  /// Closes the WebSocket, unless it is, and waits for the client's Close, for a time.
  Task<> close();

  // HttpExchange. The head has the fields of the client's first message too.
  const rpc::HttpHead& head() const noexcept override { return head_; }
  net::Loop& loop() const noexcept override { return wire_.loop(); }
  const Peer::Ref& share_peer() const noexcept override { return wire_.share_peer(); }
  rpc::Dispatcher& dispatcher() const noexcept override { return wire_.dispatcher(); }
  const HealthRegistry& health() const noexcept override { return wire_.health(); }
  Context& context() noexcept override { return context_; }
  MessageReader& content() noexcept override { return input_; }
  Status hold(std::size_t bytes) override;
  rpc::HttpFields trailers() const noexcept override { return {}; }
  Status begin(int status, rpc::HttpFields fields) override;
  MessageWriter& response() noexcept override { return output_; }
  Status end(rpc::HttpFields) override { return {}; }

 private:
  struct Tick final : net::Timer {
    explicit Tick(SocketExchange& of) noexcept;
    SocketExchange& self;
  };
  /// The connection is cut off: the server stops, for one.
  struct Stop final : CancelHook {
    explicit Stop(SocketExchange& of) noexcept;
    SocketExchange& self;
  };

  Task<Status> receive();
  void on_received() noexcept;
  void take(std::string_view bytes);
  void take_item(const FrameReader::Item& item);
  void take_text(const FrameReader::Item& item);
  void take_binary(const FrameReader::Item& item);
  void take_close(std::string_view payload);
  void open();
  bool account();
  void fail(CloseCode code, const Status& why) noexcept;
  void end_input(const Status& why) noexcept;
  void tick() noexcept;
  void await_client(Duration time);
  std::size_t memory() const noexcept;

  rpc::HttpExchange& wire_;
  const WebSocketOptions& options_;
  std::vector<rpc::HttpField> fields_;
  rpc::HttpHead head_;
  std::string first_text_;
  FrameReader frames_;
  bool opened_ = false;
  bool begun_ = false;     // the response
  bool at_start_ = false;  // the next byte is the first one of a binary message
  bool pinged_ = false;    // and nothing has come since
  bool closing_ = false;   // the client's Close is waited for
  bool over_ = false;      // nothing more is read
  std::size_t held_ = 0;   // by the call
  TimePoint heard_{};      // when bytes of the client came last
  Event changed_;          // opened_ or over_ is set
  Context context_;
  SocketInput input_;
  SocketOutput output_;
  Stop stop_{*this};
  Tick tick_{*this};
  Task<Status> receiving_;
};

}  // namespace weft::edge
