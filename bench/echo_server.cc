// The echo server that the benchmark measures, written as a user of weft would write it.
#include <cstdint>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "weft/coro/event.h"
#include "weft/rpc/server/server.h"

#include "bench/payload.h"
#include "echo.weft.h"

namespace {

class Echo final : public perf::EchoService {
  // Needs no co_await, so it is a plain function.
  weft::Task<weft::Result<perf::Msg>> Unary(weft::ServerContext&,
                                            const perf::Msg& request) override {
    if (bench::asks_to_hold(request.payload())) return hold();
    bench::spin_if_asked(request.payload());
    return weft::Result<perf::Msg>(request);
  }
  weft::Task<weft::Status> Stream(weft::ServerContext&, weft::Reader<perf::Msg>& reader,
                                  weft::Writer<perf::Msg>& writer) override {
    perf::Msg message;  // used again for every message, and so is its memory
    while (co_await reader.read(message)) {
      if (!co_await writer.write(message)) break;
    }
    co_return reader.status();
  }

  /// Pending until the client has gone or lost its patience.
  static weft::Task<weft::Result<perf::Msg>> hold() {
    weft::Event never;
    weft::Status status = co_await never.wait();
    co_return status;
  }
};

class Documents final : public perf::DocumentsService {
 public:
  explicit Documents(weft::Compression compression) : compression_(compression) {}
  weft::Task<weft::Result<perf::Document>> Echo(weft::ServerContext& context,
                                                const perf::Document& request) override {
    context.set_compression(compression_);
    return weft::Result<perf::Document>(request);
  }

 private:
  const weft::Compression compression_;
};

}  // namespace

int main(int argc, char* argv[]) {
  CLI::App app("Echoes messages: perf.Echo");
  std::uint16_t port = 50051;
  weft::ServerOptions options;
  weft::TlsCertificate certificate;
  app.add_option("--port", port, "port, 0 for any")->capture_default_str();
  std::string host = "127.0.0.1";
  app.add_option("--host", host, "address")->capture_default_str();
  weft::Compression compression = weft::Compression::Identity;
  app.add_option("--compress", compression, "what perf.Documents answers with")
      ->transform(CLI::CheckedTransformer(std::map<std::string, weft::Compression>{
          {"gzip", weft::Compression::Gzip}, {"zstd", weft::Compression::Zstd}}));
  app.add_option("--threads", options.threads, "loops")->capture_default_str();
  app.add_option("--tls-cert", certificate.certificate, "PEM file; then the server speaks TLS");
  app.add_option("--tls-key", certificate.key, "PEM file");
  bool take_over = false;
  std::int64_t poll_spin = 0;
  app.add_flag("--take-over", take_over, "a handler of more than 100 microseconds keeps no others");
  app.add_option("--poll-spin", poll_spin, "microseconds to look for work before sleeping");
  bool overload = false;
  app.add_flag("--overload", overload, "calls wait 100 milliseconds at most for their turn");
  CLI11_PARSE(app, argc, argv);
  if (overload) options.max_queue_delay = std::chrono::milliseconds(100);
  if (take_over) options.handler_bound = std::chrono::microseconds(100);
  options.poll_spin = std::chrono::microseconds(poll_spin);

  options.listen = host + ':' + std::to_string(port);
  if (!certificate.certificate.empty()) {
    options.tls.emplace();
    options.tls->certificates.push_back(certificate);
  }
  weft::Server server(options);
  server.add<Echo>();
  server.add<Documents>(compression);
  return weft::run(server);
}
