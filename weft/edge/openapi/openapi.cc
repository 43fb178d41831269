#include "weft/edge/openapi/openapi.h"

#include <string_view>
#include <utility>

#include "weft/edge/openapi/internal/document.h"

namespace weft::edge {
namespace {

class Document final : public rpc::HttpHandler {
 public:
  explicit Document(OpenApi options) : options_(std::move(options)) {}

  Status start(const rpc::Dispatcher& dispatcher) override {
    Result<std::string> text = api::document_of(dispatcher, options_);
    if (!text.ok()) return text.status();
    document_ = Bytes::copy_of(*text);
    return {};
  }
  bool takes(const rpc::HttpHead& head) const override { return head.path_only() == options_.path; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    const std::string_view method = exchange.head().method;
    if (method != "GET" && method != "HEAD") return refuse(exchange);
    return send(exchange, document_);
  }

 private:
  static Task<> refuse(rpc::HttpExchange& exchange) {
    const rpc::HttpField fields[] = {{"allow", "GET, HEAD"}, {"content-length", "0"}};
    if (exchange.begin(405, rpc::HttpFields(fields)).ok()) static_cast<void>(exchange.end());
    co_return;
  }
  static Task<> send(rpc::HttpExchange& exchange, Bytes document) {
    static_cast<void>(co_await exchange.respond(200, "application/json", std::move(document)));
  }

  const OpenApi options_;
  Bytes document_;  // only read once requests come
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> openapi(OpenApi options) {
  return std::make_shared<Document>(std::move(options));
}

}  // namespace weft::edge
