// gRPC's interop test client: `weft_interop_client --server_host H --server_port N --test_case
// NAME [--use_tls=true --ca_file FILE]`. Exit status 0 when every case passed, else 1 with what
// differed on standard error.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "weft/net/loop_thread.h"

#include "tests/interop/client/client_case.h"
#include "tests/interop/test_files.h"

namespace {

using weft::Status;
using weft::Task;
using weft::interop::ClientOptions;
using weft::interop::Session;
using weft::interop::TestCase;

struct Flags {
  std::string server_host = "localhost";
  std::string server_host_override;
  std::uint16_t server_port = 0;
  std::string test_case = "large_unary";
  std::string additional_metadata;
  bool use_tls = false;
  bool use_tls_given = false;
  bool use_test_ca = false;
  std::string ca_file;
  std::string ignored;
  int max_latency_ms = 1000;
  int overall_timeout_s = 10;
  int min_interval_ms = 0;
  ClientOptions client;
};

std::vector<TestCase> every_case() {
  std::vector<TestCase> cases;
  for (const auto part : {weft::interop::unary_cases(), weft::interop::streaming_cases(),
                          weft::interop::compression_cases(), weft::interop::outcome_cases(),
                          weft::interop::orca_cases(), weft::interop::soak_cases()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

void add_soak_flags(CLI::App& app, Flags& flags) {
  weft::interop::SoakOptions& soak = flags.client.soak;
  app.add_option("--soak_iterations", soak.iterations, "Calls in all")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--soak_max_failures", soak.max_failures, "Iterations that may fail");
  app.add_option("--soak_per_iteration_max_acceptable_latency_ms", flags.max_latency_ms,
                 "An iteration that takes longer has failed");
  app.add_option("--soak_overall_timeout_seconds", flags.overall_timeout_s,
                 "When the iterations have to be done");
  app.add_option("--soak_min_time_ms_between_rpcs", flags.min_interval_ms,
                 "Least time from the start of one iteration to the next");
  app.add_option("--soak_request_size", soak.request_size, "Bytes")->check(CLI::NonNegativeNumber);
  app.add_option("--soak_response_size", soak.response_size, "Bytes")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--soak_num_threads", soak.threads, "Sequences of iterations beside each other")
      ->check(CLI::PositiveNumber);
}

void add_flags(CLI::App& app, Flags& flags) {
  app.add_option("--server_host", flags.server_host, "Host to connect to");
  app.add_option("--server_host_override", flags.server_host_override,
                 "Host to claim to connect to (:authority), and with TLS the server's name");
  app.add_option("--server_port", flags.server_port, "Port to connect to")->required();
  app.add_option("--test_case", flags.test_case, "A case, several with commas, 'all' or 'list'");
  // As gRPC's own programs have it: with a value or without.
  app.add_option("--use_tls", flags.use_tls, "TLS instead of plain text")
      ->expected(0, 1)
      ->default_str("true");
  app.add_option("--use_test_ca", flags.use_test_ca,
                 "Trust the test CA, and no other: --ca_file, or ca.pem in $WEFT_INTEROP_CERTS")
      ->expected(0, 1)
      ->default_str("true");
  app.add_option("--ca_file", flags.ca_file,
                 "PEM file of the CA certificates to trust (default: those of this machine)");
  app.add_option("--additional_metadata", flags.additional_metadata,
                 "Sent with every call: name:value;name:value");
  app.add_option("--concurrent_calls", flags.client.concurrent_calls,
                 "Calls at a time in concurrent_large_unary");
  for (const char* name : {"--default_service_account", "--oauth_scope",
                           "--service_account_key_file", "--custom_credentials_type"}) {
    app.add_option(name, flags.ignored, "Without effect: no case here needs an account");
  }
  add_soak_flags(app, flags);
}

/// INVALID_ARGUMENT with what is wrong with the flags.
Status finish_tls(Flags& flags) {
  if (!flags.use_tls) {
    if (flags.use_tls_given || flags.ca_file.empty()) return {};
    return weft::invalid_argument("--ca_file: is it to be --use_tls=true or false?");
  }
  flags.client.tls.emplace();
  flags.client.tls->ca = flags.ca_file;
  if (!flags.use_test_ca) return {};
  weft::Result<std::string> ca = weft::interop::test_file(flags.ca_file, "--ca_file", "ca.pem");
  if (!ca.ok()) return ca.status().with_prefix("--use_test_ca");
  flags.client.tls->ca = std::move(*ca);
  return {};
}

/// What the flags come down to; empty, or what is wrong with them.
std::string finish(Flags& flags) {
  if (const Status status = finish_tls(flags); !status.ok()) return std::string(status.message());
  const bool bare_v6 =
      flags.server_host.find(':') != std::string::npos && !flags.server_host.starts_with('[');
  const std::string host = bare_v6 ? "[" + flags.server_host + "]" : flags.server_host;
  flags.client.target = host + ":" + std::to_string(flags.server_port);
  flags.client.authority = flags.server_host_override;
  for (const std::string_view pair : split(flags.additional_metadata, ';')) {
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos) {
      return "--additional_metadata: '" + std::string(pair) + "' is not name:value";
    }
    flags.client.metadata.add(pair.substr(0, colon), pair.substr(colon + 1));
  }
  weft::interop::SoakOptions& soak = flags.client.soak;
  soak.max_latency = std::chrono::milliseconds(flags.max_latency_ms);
  soak.overall_timeout = std::chrono::seconds(flags.overall_timeout_s);
  soak.min_interval = std::chrono::milliseconds(flags.min_interval_ms);
  return {};
}

bool wanted(const Flags& flags, std::string_view name) {
  if (flags.test_case == "all") return true;
  for (const std::string_view one : split(flags.test_case, ',')) {
    if (one == name) return true;
  }
  return false;
}

/// Empty, or the first of the wanted names that is no case's.
std::string_view unknown_case(const Flags& flags, const std::vector<TestCase>& cases) {
  if (flags.test_case == "all") return {};
  for (const std::string_view one : split(flags.test_case, ',')) {
    const bool known = std::any_of(cases.begin(), cases.end(),
                                   [&](const TestCase& test) { return test.name == one; });
    if (!known) return one;
  }
  return {};
}

Task<bool> run_cases(const Flags& flags, const std::vector<TestCase>& cases) {
  bool passed = true;
  for (const TestCase& test : cases) {
    if (!wanted(flags, test.name)) continue;
    Session session(flags.client);
    const Status status = co_await test.run(session);
    if (status.ok()) {
      std::cout << "passed " << test.name << std::endl;
    } else {
      std::cerr << "FAILED " << test.name << ": " << status.to_string() << std::endl;
      passed = false;
    }
  }
  co_return passed;
}

}  // namespace

int main(int argc, char* argv[]) {
  Flags flags;
  CLI::App app("The client of gRPC's interop tests (grpc.testing.TestService).");
  add_flags(app, flags);
  CLI11_PARSE(app, argc, argv);
  flags.use_tls_given = app.count("--use_tls") != 0;
  const std::vector<TestCase> cases = every_case();
  if (flags.test_case == "list") {
    for (const TestCase& test : cases) std::cout << test.name << '\n';
    return 0;
  }
  std::string wrong = finish(flags);
  if (const std::string_view name = unknown_case(flags, cases); wrong.empty() && !name.empty()) {
    wrong = "--test_case: there is no case '" + std::string(name) + "'; --test_case=list names all";
  }
  if (!wrong.empty()) {
    std::cerr << wrong << '\n';
    return 1;
  }
  weft::net::Loop& loop = weft::net::default_loops().next();
  return weft::net::run_blocking(loop, run_cases(flags, cases)) ? 0 : 1;
}
