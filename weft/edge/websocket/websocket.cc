#include "weft/edge/websocket/websocket.h"

#include <utility>

#include "weft/edge/internal/call_request.h"
#include "weft/edge/internal/list_member.h"
#include "weft/edge/internal/request_kind.h"
#include "weft/edge/internal/stream_call.h"
#include "weft/edge/websocket/internal/handshake.h"
#include "weft/edge/websocket/internal/socket_exchange.h"

namespace weft::edge {
namespace {

class WebSocket final : public rpc::HttpHandler {
 public:
  explicit WebSocket(WebSocketOptions options)
      : options_(std::move(options)), json_(json_codec(options_.json)), cors_(CorsPolicy{}) {}

  bool takes(const rpc::HttpHead& head) const override {
    return asks_for_websocket(head.upgrade) && is_method_path(head.path_only());
  }

  Task<> serve(rpc::HttpExchange& exchange) override { return serve(*this, exchange); }

 private:
  static Task<> serve(const WebSocket& self, rpc::HttpExchange& exchange) {
    const Handshake handshake =
        read_handshake(exchange.head(), self.options_.origins, exchange.dispatcher());
    if (handshake.refusal != 0) {
      co_await refuse(exchange, handshake);
      co_return;
    }
    const Status begun = exchange.begin(101, {{"upgrade", "websocket"},
                                              {"sec-websocket-accept", handshake.accept},
                                              {"sec-websocket-protocol", handshake.protocol}});
    // The client has gone.
    if (!begun.ok()) co_return;
    SocketExchange socket(exchange, self.options_);
    const Status opened = co_await socket.opened();
    if (opened.ok()) co_await serve_call(self, socket, handshake.format);
    co_await socket.close();
  }

  static Task<> serve_call(const WebSocket& self, SocketExchange& socket, std::string_view format) {
    CallRequest request = read_request(socket.head(), {Protocol::ConnectSocket, format},
                                       socket.dispatcher(), self.json_);
    StreamCall call(socket, request, self.cors_);
    co_await call.run();
  }

  static Task<> refuse(rpc::HttpExchange& exchange, const Handshake& handshake) {
    const std::string text = handshake.why + "\n";
    const std::string length = std::to_string(text.size());
    const Status begun =
        exchange.begin(handshake.refusal, {{"content-type", "text/plain; charset=utf-8"},
                                           {"content-length", length},
                                           {"allow", "GET"},
                                           {"sec-websocket-version", "13"}});
    if (!begun.ok()) co_return;
    const Message whole = Message(Bytes::copy_of(text)).mark_last();
    static_cast<void>(co_await exchange.response().write(whole));
  }

  const WebSocketOptions options_;
  const std::shared_ptr<const Codec> json_;
  const Cors cors_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> websocket(WebSocketOptions options) {
  return std::make_shared<WebSocket>(std::move(options));
}

}  // namespace weft::edge
