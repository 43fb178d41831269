// A server for tests with clients and proxies of others: gRPC and HTTP/1.1 on one port, with
// `--tls` by a certificate that nobody trusts. Prints the port, and serves until its standard input
// ends. /requests tells how many requests /echo and /hello have seen.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weft/http1/server/protocol.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/http_pages.h"
#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"

#include "tests/peers/serve_peers.h"

namespace {

using namespace weft;

class Pages final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override {
    return head.path == "/hello" || head.path == "/echo" || head.path == "/requests" ||
           !head.upgrade.empty();
  }
  Task<> serve(rpc::HttpExchange& exchange) override {
    const rpc::HttpHead& head = exchange.head();
    if (head.path == "/requests") return text(exchange, std::to_string(requests_));
    ++requests_;
    if (head.path == "/hello") return text(exchange, "hello\n");
    return echo(exchange);
  }

 private:
  static Task<> text(rpc::HttpExchange& exchange, std::string answer) {
    static_cast<void>(co_await exchange.respond(200, "text/plain", answer));
  }
  static Task<> echo(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(exchange.head().upgrade.empty() ? 200 : 101));
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      const bool taken = co_await exchange.response().write(*part);
      if (!taken) co_return;
    }
    static_cast<void>(exchange.end());
  }
  std::atomic<int> requests_ = 0;
};

ServerOptions make_options(bool tls) {
  ServerOptions options{.listen = "127.0.0.1:0"};
  if (!tls) return options;
  const testing::CertificateText text =
      testing::CertificateAuthority::self_signed({.dns = {"localhost"}});
  options.tls = TlsServerOptions{};
  options.tls->certificates = {{.certificate = text.certificate, .key = text.key}};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Server server(make_options(argc > 1 && std::string_view(argv[1]) == "--tls"));
  server.add(http1::protocol());
  server.add(rpc::probe_pages());
  server.add(rpc::front_page("A server for tests"));
  server.add(std::make_shared<Pages>());
  return test::serve_peers(server);
}
