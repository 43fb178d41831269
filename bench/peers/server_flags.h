#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

namespace bench {

/// What every peer's server can be told, as far as it has it.
struct ServerFlags {
  std::uint16_t port = 0;  // 0: the system chooses
  int threads = 1;
  bool poll = false;  // look for work all the time instead of sleeping until there is some
  std::string host = "127.0.0.1";
  bool gzip = false;  // responses, where the server has it
  std::string tls_cert;
  std::string tls_key;

  /// Ends the program where the flags are wrong.
  static ServerFlags read(int argc, char* argv[]) {
    CLI::App app("Echoes perf.Echo");
    ServerFlags flags;
    app.add_option("--port", flags.port, "port");
    app.add_option("--host", flags.host, "address, where the server has a choice");
    app.add_option_function<std::string>(
           "--compress", [&flags](const std::string&) { flags.gzip = true; },
           "what responses are compressed with, where the server has it")
        ->check(CLI::IsMember({"gzip"}));
    app.add_option("--threads", flags.threads, "threads, where the server has a choice");
    app.add_flag("--poll", flags.poll, "never sleep, where the server has a choice");
    app.add_option("--tls-cert", flags.tls_cert, "PEM file; then the server speaks TLS");
    app.add_option("--tls-key", flags.tls_key, "PEM file");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      std::exit(app.exit(error));
    }
    return flags;
  }
};

/// Tells whoever started the server that it may be called.
inline void say_listening(int port) {
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
}

}  // namespace bench
