#include "weft/edge/rest/internal/rest.h"

#include <utility>

#include "weft/edge/internal/request_kind.h"
#include "weft/edge/rest/internal/rest_call.h"
#include "weft/edge/rest/internal/rest_codec.h"
#include "weft/edge/rest/internal/rest_request.h"
#include "weft/edge/rest/stream/internal/rest_stream.h"
#include "weft/rpc/http/broken_response.h"

namespace weft::edge::rest {
namespace {

/// What a path can be asked, without a call.
Task<> answer_options(rpc::HttpExchange& exchange, const Cors& cors, std::string allow) {
  ResponseFields fields;
  fields.add("allow", allow);
  cors.add_fields(exchange.head(), fields);
  if (!exchange.begin(204, fields.view()).ok()) co_return;
  static_cast<void>(exchange.end());
}

Task<> serve_stream(rpc::HttpExchange& exchange, const Cors& cors, RestRequest& request,
                    const RestCodec& codec) {
  RestStream call(exchange, request, cors, codec);
  co_await call.run();
  if (!call.broke_off_by().ok()) throw rpc::BrokenResponse(call.broke_off_by());
}

Task<> serve_call(rpc::HttpExchange& exchange, const Cors& cors, const RestRules& rules,
                  const JsonOptions& options, const JsonOptions& line_options) {
  RestRequest request = read_rest_request(exchange.head(), rules, exchange.dispatcher(), options);
  if (request.rule == nullptr) {
    RestCall call(exchange, request.call, cors, nullptr);
    co_await call.run();
    co_return;
  }
  const bool has_lines = request.form == StreamForm::Lines || request.form == StreamForm::Events;
  const RestCodec codec(*request.rule, has_lines ? line_options : options,
                        std::move(request.parameters), exchange.head().field("content-type"));
  request.call.codec = codec::borrowed(codec);
  if (request.call.route->method->kind != MethodKind::Unary) {
    co_await serve_stream(exchange, cors, request, codec);
    co_return;
  }
  RestCall call(exchange, request.call, cors, &codec);
  co_await call.run();
}

}  // namespace

Rest::Rest(JsonOptions options)
    : enabled_(true), options_(std::move(options)), line_options_(options_) {
  line_options_.write.indent = 0;
  if (options_.types != nullptr) own_tables_ = std::make_unique<codec::Tables>(options_.types);
}

Status Rest::start(const rpc::Dispatcher& dispatcher) {
  if (!enabled_) return {};
  Result<RestRules> rules =
      RestRules::of(dispatcher, own_tables_ == nullptr ? codec::Tables::generated() : *own_tables_);
  if (!rules.ok()) return rules.status();
  if (server_ != nullptr && server_ != &dispatcher && !(rules_.empty() && rules->empty())) {
    return failed_precondition("edge::protocols() with rules of google.api.http serves one server");
  }
  server_ = &dispatcher;
  rules_ = *std::move(rules);
  return {};
}

Task<> Rest::serve(rpc::HttpExchange& exchange, const Cors& cors) const {
  const rpc::HttpHead& head = exchange.head();
  if (head.method == "OPTIONS") {
    const std::string_view path = head.path_only();
    std::string allow = allowed(path);
    // A rule of its own has precedence.
    if (!allow.empty() && rules_.find(head.method, path).rule == nullptr) {
      return answer_options(exchange, cors, std::move(allow));
    }
  }
  return serve_call(exchange, cors, rules_, options_, line_options_);
}

}  // namespace weft::edge::rest
