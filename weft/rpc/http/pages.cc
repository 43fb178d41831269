#include "weft/rpc/http/pages.h"

#include <string_view>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/rpc/server/dispatcher.h"
#include "weft/rpc/services/health.h"

namespace weft::rpc {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

/// A page is this, and what it answers.
struct Page {
  int status;
  std::string text;
};

Task<> send(HttpExchange& exchange, Page page, std::string_view content_type) {
  const std::string_view method = exchange.head().method;
  if (method != "GET" && method != "HEAD") {
    const HttpField fields[] = {{"allow", "GET, HEAD"}, {"content-length", "0"}};
    static_cast<void>(exchange.begin(405, HttpFields(fields)));
    co_return;
  }
  static_cast<void>(co_await exchange.respond(page.status, content_type, page.text));
}

class Probes final : public HttpHandler {
 public:
  bool takes(const HttpHead& head) const override {
    const std::string_view path = head.path_only();
    return path == "/healthz" || path == "/readyz";
  }
  Refusable refusable() const noexcept override { return Refusable::No; }
  Task<> serve(HttpExchange& exchange) override {
    const std::string_view path = exchange.head().path;
    if (exchange.head().path_only() == "/healthz") return send(exchange, {200, "ok\n"}, kText);
    return send(exchange, readiness(exchange, path), kText);
  }

 private:
  static Page readiness(const HttpExchange& exchange, std::string_view path) {
    constexpr std::string_view kService = "/readyz?service=";
    const std::string_view service =
        path.starts_with(kService) ? path.substr(kService.size()) : std::string_view();
    const ServingStatus status = exchange.health().get(service);
    const std::string name(name_of(status));
    if (status == ServingStatus::Serving) return {200, "ready\n"};
    if (status == ServingStatus::ServiceUnknown) {
      return {404, "no service '" + printable(service.substr(0, kMaxHealthName)) + "' is known\n"};
    }
    return {503, "not ready: " + name + "\n"};
  }
};

class FrontPage final : public HttpHandler {
 public:
  explicit FrontPage(std::string title) : title_(std::move(title)) {}

  bool takes(const HttpHead& head) const override { return head.path_only() == "/"; }
  Task<> serve(HttpExchange& exchange) override {
    return send(exchange, {200, describe(exchange)}, kText);
  }

 private:
  std::string describe(const HttpExchange& exchange) const {
    const HttpHead& head = exchange.head();
    std::string text = title_ + "\n\nIt speaks gRPC over HTTP/2 on this port. Its services:\n\n";
    std::string example = "package.Service/Method";
    for (const ServiceDescriptor* service : exchange.dispatcher().services()) {
      text.append(service->name).append("\n");
      for (const MethodDescriptor& method : service->methods) {
        text.append("    ").append(method.name).append("\n");
      }
      const bool is_users = !service->name.starts_with("grpc.");
      if (is_users && !service->methods.empty()) example = service->methods[0].path.substr(1);
    }
    const std::string host =
        head.authority.empty() ? "host:port" : printable(head.authority.substr(0, 255));
    text.append("\nTo call one from a shell:\n\n    weft call ");
    if (head.scheme == "https") text.append("--tls ");
    return text.append(host).append(" ").append(example).append(" '{}'\n");
  }
  const std::string title_;
};

class TextPage final : public HttpHandler {
 public:
  TextPage(std::string path, std::string text, std::string content_type)
      : path_(std::move(path)), text_(std::move(text)), content_type_(std::move(content_type)) {}

  bool takes(const HttpHead& head) const override { return head.path_only() == path_; }
  Task<> serve(HttpExchange& exchange) override {
    return send(exchange, {200, text_}, content_type_);
  }

 private:
  const std::string path_;
  const std::string text_;
  const std::string content_type_;
};

}  // namespace

std::shared_ptr<HttpHandler> probe_pages() { return std::make_shared<Probes>(); }

std::shared_ptr<HttpHandler> front_page(std::string title) {
  return std::make_shared<FrontPage>(std::move(title));
}

std::shared_ptr<HttpHandler> text_page(std::string path, std::string text,
                                       std::string content_type) {
  return std::make_shared<TextPage>(std::move(path), std::move(text), std::move(content_type));
}

}  // namespace weft::rpc
