#include "bench/client/plan.h"

#include <cstdlib>

#include <CLI/CLI.hpp>

namespace bench {

std::uint16_t Plan::port() const {
  return static_cast<std::uint16_t>(std::atoi(target.c_str() + target.rfind(':') + 1));
}

std::string Plan::instances_behind(std::string_view scheme) const {
  if (instances == 1) return target;
  const std::string port = target.substr(target.rfind(':'));
  std::string all(scheme);
  for (std::size_t i = 1; i <= instances; ++i) {
    all.append(i == 1 ? "127.0.0." : ",127.0.0.").append(std::to_string(i)).append(port);
  }
  return all;
}

Plan read_plan(const char* description, int argc, char* argv[]) {
  CLI::App app(description);
  Plan plan;
  app.add_option("target", plan.target, "host:port of the echo server")
      ->required()
      ->check([](const std::string& text) {
        return text.rfind(':') == std::string::npos ? "no port in '" + text + "'" : "";
      });
  app.add_option("-c,--connections", plan.connections, "connections");
  app.add_option("-m,--outstanding", plan.outstanding, "calls or streams under way on each");
  app.add_option("--threads", plan.threads, "threads of the client, where it has a choice");
  app.add_option("--bytes", plan.bytes, "payload");
  app.add_flag("--stream", plan.stream, "bidirectional streams instead of unary calls");
  app.add_option("--messages", plan.messages, "messages under way on each stream");
  app.add_option("--warm-up", plan.warm_up, "seconds of load before the measurement");
  app.add_option("--seconds", plan.seconds, "seconds of the measurement");
  app.add_option("-n,--calls", plan.calls, "measure this many calls instead of a time");
  app.add_option("--rate", plan.rate, "open loop: calls a second");
  app.add_option("--spin", plan.spin_micros, "CPU microseconds a call costs the handler");
  app.add_option("--slow-every", plan.slow_every, "one call in so many is slow");
  app.add_option("--slow", plan.slow_micros, "CPU microseconds of a slow call");
  app.add_option("--timeout", plan.timeout_ms, "deadline of a call in milliseconds");
  app.add_flag("--sizes-differ", plan.sizes_differ, "messages of a stream have up to --bytes");
  app.add_flag("--document", plan.document, "calls perf.Documents/Echo with nested messages");
  app.add_option("--compress", plan.compression, "gzip or zstd, where the client has it")
      ->check(CLI::IsMember({"gzip", "zstd"}));
  app.add_option("--instances", plan.instances, "at 127.0.0.1, 127.0.0.2, ..., in turn");
  app.add_flag("--retries", plan.retries, "failed calls are tried again, within a budget");
  app.add_flag("--production", plan.production,
               "unary calls have the headers that production sends: a token, a trace, three more");
  app.add_option("--seed", plan.seed, "of what is random");
  app.add_option("--poll", plan.poll_micros, "microseconds to look for work before sleeping");
  app.add_option("--tls-ca", plan.tls_ca, "PEM file to trust; then the client speaks TLS");
  app.add_option("--server-pid", plan.server_pid, "process whose CPU time is measured too");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return plan;
}

}  // namespace bench
