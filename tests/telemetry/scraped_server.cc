// A server that calls itself, with an admin port for real scrapers: scraped_server [series] [tls].
// Prints the admin port's address and, with TLS, the file of its CA; ends when its input does.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/context.h"
#include "weft/net/run_blocking.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server.h"
#include "weft/rpc/server/handler.h"
#include "weft/telemetry/admin.h"
#include "weft/telemetry/grpc.h"
#include "weft/telemetry/metrics.h"
#include "weft/telemetry/process.h"
#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"

namespace {

using namespace weft;
using Text = google::protobuf::BytesValue;

constexpr MethodDescriptor kMethods[] = {{.name = "Echo", .path = "/test.Scraped/Echo"}};
constexpr ServiceDescriptor kDescriptor{"test.Scraped", kMethods, nullptr};

class Scraped final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t, Call& call) override {
    return rpc::serve_unary<&Scraped::Echo>(call, *this);
  }
  Task<Result<Text>> Echo(ServerContext&, const Text& request) {
    if (request.value() == "fail") return not_found("nothing here");
    return request;
  }
};

Task<Status> call(Channel& channel, std::string value) {
  Text request;
  request.set_value(std::move(value));
  const Result<Text> reply = co_await rpc::call_unary<Text>(channel, kMethods[0], request, {});
  co_return reply.status();
}

Task<> call_all(Channel& channel) {
  Context& context = *co_await current_context();
  context.trace().trace_id.fill(7);
  context.trace().span_id.fill(9);
  context.trace().flags = TraceContext::kSampled;
  for (int i = 0; i < 40; ++i) static_cast<void>(co_await call(channel, "x"));
  for (int i = 0; i < 2; ++i) static_cast<void>(co_await call(channel, "fail"));
}

/// Values that a format has to escape.
void add_series(int count) {
  auto& all = telemetry::registry();
  const auto odd = all.counter({.name = "test.odd", .description = "Odd \"labels\"\\\n."},
                               telemetry::Label<std::string_view>{"test.value"})
                       .value();
  for (const std::string_view value : {"a\"b", "a\\b", "a\nb",
                                       "a\xff"
                                       "b",
                                       "", "{}", "ünïcödé"}) {
    odd.with(value).add();
  }
  const auto many =
      all.counter({.name = "test.many", .max_series = 100'000}, telemetry::Label<int>{"test.n"})
          .value();
  for (int n = 0; n < count; ++n) many.with(n).add();
}

}  // namespace

int main(int argc, char** argv) {
  const testing::Folder folder;
  telemetry::AdminOptions options;
  options.listen = "127.0.0.1:0";
  std::string ca_file = "-";
  if (argc > 2 && std::string_view(argv[2]) == "tls") {
    const testing::CertificateAuthority ca;
    const testing::CertificateText own = ca.server({.dns = {"localhost"}, .ips = {"127.0.0.1"}});
    options.tls = net::TlsServerOptions{};
    options.tls->certificates = {{.certificate = own.certificate, .key = own.key}};
    ca_file = folder.write("ca.pem", ca.certificate());
  }
  add_series(argc > 1 ? std::atoi(argv[1]) : 0);
  const auto process = telemetry::process_metrics();

  Server server{{.listen = "127.0.0.1:0"}};
  server.add<Scraped>();
  server.add(telemetry::server_metrics({.names = telemetry::CallNames::Both}));
  const Status started = server.start();
  telemetry::AdminServer admin(options);
  const Status opened = started.ok() ? admin.start() : started;
  if (!opened.ok()) {
    std::cerr << opened.to_string() << std::endl;
    return 1;
  }
  const std::string target = "127.0.0.1:" + std::to_string(server.port());
  Channel channel(target);
  channel.add(telemetry::client_metrics(channel.target(), {.names = telemetry::CallNames::Both,
                                                           .retries = true,
                                                           .subchannels = true,
                                                           .outliers = true}));
  net::run_blocking(channel.blocking_loop(), call_all(channel));
  std::cout << "127.0.0.1:" << admin.port() << ' ' << ca_file << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
