#include "weft/edge/openapi/docs.h"

#include <string_view>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/base/text/ascii.h"
#include "weft/edge/openapi/internal/docs_page.h"

namespace weft::edge {
namespace {

/// Only this server: no code in the page itself, nothing from elsewhere, and no frame around it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

/// What may stand in the page as it is.
void check_path(std::string_view path) {
  for (const char c : path) {
    if (ascii::is_alphanumeric(c) || std::string_view("/-_.").find(c) != std::string_view::npos) {
      continue;
    }
    fatal("DocsPage: a path has letters, digits, '/', '-', '_' and '.' only");
  }
  // The page's own files are below it, and "//" would begin the name of a host.
  if (!path.starts_with('/') || path.ends_with('/') || path.find("//") != std::string_view::npos) {
    fatal("DocsPage: a path begins with one '/' and ends in a name");
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

class Docs final : public rpc::HttpHandler {
 public:
  explicit Docs(DocsPage options) : path_(std::move(options.path)) {
    check_path(path_);
    check_path(options.document);
    page_ = replaced(std::string(api::kDocsPage), "%ROOT%", path_);
    page_ = replaced(std::move(page_), "%DOCUMENT%", options.document);
  }

  bool takes(const rpc::HttpHead& head) const override {
    return !find(head.path_only()).type.empty();
  }
  Task<> serve(rpc::HttpExchange& exchange) override {
    return send(exchange, find(exchange.head().path_only()));
  }

 private:
  struct File {
    std::string_view type;  // empty: there is none
    std::string_view text;
  };

  File find(std::string_view path) const {
    if (!path.starts_with(path_)) return {};
    path.remove_prefix(path_.size());
    if (path.empty()) return {"text/html; charset=utf-8", page_};
    if (path == "/page.js") return {"text/javascript; charset=utf-8", api::kDocsScript};
    if (path == "/page.css") return {"text/css; charset=utf-8", api::kDocsStyle};
    return {};
  }

  static Task<> send(rpc::HttpExchange& exchange, File file) {
    const std::string_view method = exchange.head().method;
    const bool is_read = method == "GET" || method == "HEAD";
    const std::string length = std::to_string(is_read ? file.text.size() : 0);
    const rpc::HttpField fields[] = {
        {"content-length", length},
        {"content-security-policy", kPolicy},
        {"x-content-type-options", "nosniff"},
        {"referrer-policy", "no-referrer"},
        {is_read ? "content-type" : "allow", is_read ? file.type : std::string_view("GET, HEAD")}};
    if (!exchange.begin(is_read ? 200 : 405, rpc::HttpFields(fields)).ok()) co_return;
    const Message whole =
        Message(Bytes::copy_of(is_read ? file.text : std::string_view())).mark_last();
    static_cast<void>(co_await exchange.response().write(whole));
  }

  const std::string path_;
  std::string page_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> docs(DocsPage options) {
  return std::make_shared<Docs>(std::move(options));
}

}  // namespace weft::edge
