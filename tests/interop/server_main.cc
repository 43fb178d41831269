// gRPC's interop test server: `weft_interop_server --port N [--use_tls=true --tls_cert FILE
// --tls_key FILE]`. It listens on every interface and says on the log where; with port 0 the system
// chooses. SIGTERM ends it.

#include <cstddef>
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
#include "tests/interop/test_files.h"
#include "tests/interop/test_service.h"

namespace {

struct Flags {
  std::uint16_t port = 0;
  bool use_tls = false;
  bool use_tls_given = false;
  std::string tls_cert;
  std::string tls_key;
  std::string ignored;
  weft::ServerOptions server;
};

void add_flags(CLI::App& app, Flags& flags) {
  app.add_option("--port", flags.port, "Port to listen on, on every interface; 0: any that is free")
      ->required();
  // As gRPC's own programs have it: with a value or without.
  app.add_option("--use_tls", flags.use_tls, "TLS instead of plain text")
      ->expected(0, 1)
      ->default_str("true");
  // Go's programs call them tls_cert_file and tls_key_file.
  app.add_option("--tls_cert,--tls_cert_file", flags.tls_cert,
                 "PEM file of the certificate and its chain (default: server1.pem in "
                 "$WEFT_INTEROP_CERTS)");
  app.add_option("--tls_key,--tls_key_file", flags.tls_key,
                 "PEM file of its private key (default: server1.key in $WEFT_INTEROP_CERTS)");
  app.add_option("--threads", flags.server.threads, "Event loops, each with a thread");
  app.add_option("--max_send_message_size", flags.ignored, "Without effect: there is no limit");
}

// concurrent_large_unary has a thousand calls with a request of 271,828 and a response of 314,159
// bytes at the same time on one connection, 586 MB: more than a server grants a stranger by
// default.
constexpr std::size_t kConnectionMemory = std::size_t{2} << 30;

/// INVALID_ARGUMENT with what is wrong with the flags.
weft::Status finish(Flags& flags) {
  flags.server.listen = ":" + std::to_string(flags.port);
  flags.server.max_connection_memory = kConnectionMemory;
  flags.server.max_memory = 2 * kConnectionMemory;
  if (!flags.use_tls) {
    const bool certificate_given = !flags.tls_cert.empty() || !flags.tls_key.empty();
    if (flags.use_tls_given || !certificate_given) return {};
    return weft::invalid_argument("--tls_cert, --tls_key: is it to be --use_tls=true or false?");
  }
  using weft::interop::test_file;
  const weft::Result<std::string> certificate =
      test_file(flags.tls_cert, "--tls_cert", "server1.pem");
  if (!certificate.ok()) return certificate.status();
  const weft::Result<std::string> key = test_file(flags.tls_key, "--tls_key", "server1.key");
  if (!key.ok()) return key.status();
  flags.server.tls = weft::TlsServerOptions{
      .certificates = {weft::TlsCertificate{.certificate = *certificate, .key = *key}}};
  return {};
}

}  // namespace

int main(int argc, char* argv[]) {
  Flags flags;
  CLI::App app("The server of gRPC's interop tests (grpc.testing.TestService).");
  add_flags(app, flags);
  CLI11_PARSE(app, argc, argv);
  flags.use_tls_given = app.count("--use_tls") != 0;
  if (const weft::Status status = finish(flags); !status.ok()) {
    std::cerr << status.message() << '\n';
    return 1;
  }
  weft::Server server(flags.server);
  server.use(weft::interop::observe_requests);
  server.use(weft::interop::echo_metadata);
  const auto reports = std::make_shared<weft::interop::LoadReports>();
  server.add<weft::interop::TestService>(reports);
  server.add<weft::interop::LoadReportService>(reports);
  return weft::run(server);
}
