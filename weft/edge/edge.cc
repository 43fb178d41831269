#include "weft/edge/edge.h"

#include <optional>
#include <utility>

#include "weft/edge/internal/call_request.h"
#include "weft/edge/internal/cors.h"
#include "weft/edge/internal/request_kind.h"
#include "weft/edge/internal/stream_call.h"
#include "weft/edge/internal/unary_call.h"

namespace weft::edge {
namespace {

class Protocols final : public rpc::HttpHandler {
 public:
  explicit Protocols(Options options)
      : json_(json_codec(std::move(options.json))), cors_(std::move(options.cors)) {}

  bool takes(const rpc::HttpHead& head) const override {
    return kind_of(head).has_value() || cors_.is_preflight(head);
  }

  Task<> serve(rpc::HttpExchange& exchange) override {
    if (cors_.is_preflight(exchange.head())) return cors_.answer_preflight(exchange);
    return serve_call(*this, exchange);
  }

 private:
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

  const std::shared_ptr<const Codec> json_;
  const Cors cors_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> protocols(Options options) {
  return std::make_shared<Protocols>(std::move(options));
}

}  // namespace weft::edge
