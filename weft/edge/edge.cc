#include "weft/edge/edge.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/edge/answer/internal/cors.h"
#include "weft/edge/internal/call_request.h"
#include "weft/edge/internal/list_member.h"
#include "weft/edge/internal/request_kind.h"
#include "weft/edge/internal/stream_call.h"
#include "weft/edge/internal/unary_call.h"
#include "weft/edge/rest/internal/rest.h"

namespace weft::edge {
namespace {

class Protocols final : public rpc::HttpHandler {
 public:
  explicit Protocols(Options options)
      : rest_(options.rest ? rest::Rest(options.json) : rest::Rest()),
        json_(json_codec(std::move(options.json))),
        cors_(std::move(options.cors)) {}

  Status start(const rpc::Dispatcher& dispatcher) override {
    dispatcher_ = &dispatcher;
    return rest_.start(dispatcher);
  }

  bool takes(const rpc::HttpHead& head) const override {
    return kind_of(head).has_value() || rest_.claims(head.path_only()) ||
           (cors_.is_preflight(head) && is_method_path(head.path_only())) || misses_a_method(head);
  }

  Task<> serve(rpc::HttpExchange& exchange) override {
    const rpc::HttpHead& head = exchange.head();
    const std::string_view path = head.path_only();
    const bool is_method = exchange.dispatcher().find(path) != nullptr;
    if (cors_.is_preflight(head)) {
      std::string methods = is_method ? std::string() : rest_.allowed(path);
      return cors_.answer_preflight(exchange, methods.empty() ? "GET, POST" : std::move(methods));
    }
    const std::optional<RequestKind> kind = kind_of(head);
    // A method's own path has precedence, and so has the fallback where no rule has the path.
    if (!kind && !rest_.claims(path)) return refuse(*this, exchange);
    const bool is_call =
        kind && (is_method || has_envelopes(kind->protocol) || !rest_.claims(path) ||
                 (exchange.dispatcher().has_fallback() && !rest_.has(path)));
    return is_call ? serve_call(*this, exchange) : rest_.serve(exchange, cors_);
  }

 private:
  /// Whether a request goes to the path of a method and calls it by no protocol. That of gRPC over
  /// HTTP/1.1 is answered below, with what it needs, and a WebSocket is another handler's.
  bool misses_a_method(const rpc::HttpHead& head) const {
    const bool grpc =
        head.method == "POST" && head.field("content-type").starts_with("application/grpc");
    const bool socket = asks_for_websocket(head.upgrade);
    return !grpc && !socket && dispatcher_ != nullptr &&
           dispatcher_->find(head.path_only()) != nullptr;
  }

  static Task<> refuse(const Protocols& self, rpc::HttpExchange& exchange) {
    CallRequest request = no_call(exchange.head(), exchange.dispatcher());
    UnaryCall call(exchange, request, self.cors_);
    co_await call.run();
  }

  static Task<> serve_call(const Protocols& self, rpc::HttpExchange& exchange) {
    const std::optional<RequestKind> kind = kind_of(exchange.head());
    CallRequest request = read_request(exchange.head(), *kind, exchange.dispatcher(), self.json_);
    if (has_envelopes(request.protocol)) {
      StreamCall call(exchange, request, self.cors_);
      co_await call.run();
    } else {
      UnaryCall call(exchange, request, self.cors_);
      co_await call.run();
    }
  }

  const rpc::Dispatcher* dispatcher_ = nullptr;  // the server's, which outlives this
  rest::Rest rest_;
  const std::shared_ptr<const Codec> json_;
  const Cors cors_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> protocols(Options options) {
  return std::make_shared<Protocols>(std::move(options));
}

}  // namespace weft::edge
