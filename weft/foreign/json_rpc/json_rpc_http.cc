#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/foreign/internal/serve_request.h"
#include "weft/foreign/json/json_server_format.h"
#include "weft/foreign/json/rpc_error.h"
#include "weft/foreign/json_rpc/json_rpc.h"
#include "weft/rpc/server/handler.h"

namespace weft::foreign {
namespace {

constexpr std::string_view kType = "application/json";
/// Of a call with the frames of its handler.
constexpr std::size_t kCallMemory = sizeof(Call) + 4096;

bool is_json(std::string_view type) {
  type = ascii::trimmed(type.substr(0, type.find(';')));
  return ascii::equal_without_case(type, kType) ||
         ascii::equal_without_case(type, "application/json-rpc");
}

/// One request by HTTP: a request of JSON-RPC, or a batch.
class HttpRequest {
 public:
  HttpRequest(rpc::HttpExchange& exchange, const JsonRpcOptions& options)
      : exchange_(exchange),
        options_(options),
        methods_(exchange.dispatcher(), options.services),
        format_(methods_, exchange.dispatcher().rules().max_receive_size, options.limits.max_depth,
                options.field_names, JsonServerFormat::Unmarked::Wrong),
        calls_(&exchange.context()),
        permits_(options.limits.max_calls) {}

  Task<> serve() {
    const Status read = co_await read_content();
    if (!read.ok()) {
      static_cast<void>(
          co_await respond(413, JsonServerFormat::invalid(rpc_error::kInvalidRequest, read)));
      co_return;
    }
    try {
      co_await begin_calls();
    } catch (...) {
      failed_ = rpc::status_of_exception(options_.http_path);
    }
    if (!failed_.ok()) calls_.cancel(failed_);
    co_await calls_.join();
    if (!failed_.ok()) output_ = JsonServerFormat::invalid(0, failed_);
    const int status = output_.empty() ? 204 : 200;
    static_cast<void>(co_await respond(status, std::move(output_)));
  }

 private:
  Task<Status> respond(int status, std::string text) {
    // 204 has no content (RFC 9110 section 15.3.5).
    if (!text.empty()) return exchange_.respond(status, kType, text);
    Status begun = exchange_.begin(status);
    return Task<Status>(begun.ok() ? exchange_.end() : std::move(begun));
  }

  Task<Status> read_content() {
    const std::size_t most = exchange_.dispatcher().rules().max_receive_size;
    for (;;) {
      const std::optional<Message> part = co_await exchange_.content().read();
      if (!part) co_return Status();
      content_size_ += part->size();
      if (content_size_ > most) {
        co_return resource_exhausted("content of more than " + std::to_string(most) +
                                     " bytes, which is the limit (max_receive_size)");
      }
      format_.push(part->bytes().view());
      const Status held = exchange_.hold(format_.held());
      if (!held.ok()) co_return held;
    }
  }

  Task<> begin_calls() {
    bool any = false;
    std::shared_ptr<AnswerGroup> batch;
    for (;;) {
      Request request;
      const ServerFormat::Next next = format_.next(request);
      if (next == ServerFormat::Next::Broken) failed_as(format_.error());
      if (next == ServerFormat::Next::NeedMore && (format_.in_request() || !any)) {
        failed_as(invalid_argument("the content ends before the JSON value does"));
      }
      if (next != ServerFormat::Next::Request) co_return;
      // A second value behind the first is not part of it.
      if (any && (request.group == nullptr || request.group != batch)) {
        co_return failed_as(invalid_argument("something follows the request"));
      }
      any = true;
      batch = request.group;
      Result<Semaphore::Permit> permit = co_await permits_.acquire();
      if (!permit.ok()) co_return;
      if (request.status.ok()) {
        request.status =
            exchange_.hold(format_.held() + output_.size() + calls_.running() * kCallMemory);
      }
      calls_.spawn(serve_one(std::move(request), *std::move(permit)));
    }
  }

  void failed_as(const Status& status) {
    output_ = JsonServerFormat::invalid(rpc_error::kParseError, status);
    broken_ = true;
  }

  Task<> serve_one(Request request, Semaphore::Permit permit) {
    const Semaphore::Permit held = std::move(permit);
    Bytes response;
    const RequestOrigin origin{.loop = exchange_.loop(),
                               .dispatcher = exchange_.dispatcher(),
                               .peer = exchange_.share_peer(),
                               .context = calls_.context(),
                               .counted = RequestOrigin::Counted::Yes,
                               .timeout = options_.limits.call_timeout};
    try {
      Status status = request.status;
      if (status.ok()) status = co_await serve_request(origin, request, response);
      if (!broken_) format_.answer(request, status, response.view(), output_);
    } catch (...) {
      failed_ = rpc::status_of_exception(request.name);
    }
  }

  rpc::HttpExchange& exchange_;
  const JsonRpcOptions& options_;
  Methods methods_;
  JsonServerFormat format_;
  Scope calls_;
  Semaphore permits_;
  std::size_t content_size_ = 0;
  std::string output_;
  bool broken_ = false;
  Status failed_;
};

class JsonRpcHttp final : public rpc::HttpHandler {
 public:
  explicit JsonRpcHttp(JsonRpcOptions options) : options_(std::move(options)) {}

  bool takes(const rpc::HttpHead& head) const override {
    return head.path_only() == options_.http_path;
  }
  Task<> serve(rpc::HttpExchange& exchange) override { return serve_exchange(exchange, options_); }

 private:
  static Task<> serve_exchange(rpc::HttpExchange& exchange, const JsonRpcOptions& options) {
    const rpc::HttpHead& head = exchange.head();
    if (head.method != "POST") {
      const Status begun = exchange.begin(405, {{"allow", "POST"}});
      if (begun.ok()) static_cast<void>(exchange.end());
      co_return;
    }
    if (!is_json(head.field("content-type"))) {
      static_cast<void>(co_await exchange.respond(415, "text/plain",
                                                  "JSON-RPC is content of application/json\n"));
      co_return;
    }
    HttpRequest request(exchange, options);
    co_await request.serve();
  }

  const JsonRpcOptions options_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> json_rpc_http(JsonRpcOptions options) {
  return std::make_shared<JsonRpcHttp>(std::move(options));
}

}  // namespace weft::foreign
