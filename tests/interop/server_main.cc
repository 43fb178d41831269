// gRPC's interop test server: `weft_interop_server --port N [--use_tls=false]`. It listens on every
// interface and says on the log where; with port 0 the system chooses. SIGTERM ends it.

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "weft/rpc/server.h"

#include "tests/interop/load_reports.h"
#include "tests/interop/observed_messages.h"
#include "tests/interop/test_service.h"

int main(int argc, char* argv[]) {
  std::uint16_t port = 0;
  bool use_tls = false;
  weft::ServerOptions options;
  CLI::App app("The server of gRPC's interop tests (grpc.testing.TestService).");
  app.add_option("--port", port, "Port to listen on, on every interface; 0: any that is free")
      ->required();
  // As gRPC's own programs have it: with a value or without.
  app.add_option("--use_tls", use_tls, "TLS instead of plain text; not available yet")
      ->expected(0, 1)
      ->default_str("true");
  app.add_option("--threads", options.threads, "Event loops, each with a thread");
  CLI11_PARSE(app, argc, argv);
  if (use_tls) {
    std::cerr << "--use_tls: weft has no TLS yet; start with --use_tls=false\n";
    return 1;
  }
  options.listen = ":" + std::to_string(port);
  weft::Server server(options);
  server.use(weft::interop::observe_requests);
  server.use(weft::interop::echo_metadata);
  const auto reports = std::make_shared<weft::interop::LoadReports>();
  server.add<weft::interop::TestService>(reports);
  server.add<weft::interop::LoadReportService>(reports);
  return weft::run(server);
}
