#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/App.hpp>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server/server.h"
#include "weft/security/envoy/rate_limit_server.h"
#include "weft/security/watched_file.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/serve.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft ratelimit limits.json
  weft ratelimit limits.json --listen :8081 --cert limits.pem --client-ca fleet.pem

with limits.json:
  {"domains": [{"domain": "shop", "descriptors": [
     {"key": "caller", "rate_limit": {"unit": "second", "requests_per_unit": 100}}]}]}

Counts are in memory. It serves until SIGTERM or SIGINT.)";

struct LimitFlags {
  ListenFlags listen{.listen = "127.0.0.1:8081",
                     .server = "rate limit server",
                     .danger = "use up the limits of others"};
  std::string file;
  RateLimitServerOptions options;
};

Task<int> serve(std::shared_ptr<const LimitFlags> flags) {
  RateLimitServer limits(flags->options);
  const Result<security::WatchedFile> file = security::WatchedFile::open(
      flags->file, [&limits](std::string_view text) { return limits.set(text); });
  if (!file.ok()) {
    report(file.status());
    co_return kUsageError;
  }
  ServerOptions options;
  options.listen = flags->listen.listen;
  options.tls = flags->listen.tls();
  options.loops = {net::Loop::current()};
  Server server(std::move(options));
  server.add(limits.definition());
  co_return co_await serve_until_stopped(server, flags->listen);
}

}  // namespace

void add_ratelimit_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand(
      "ratelimit", "Run a server that counts calls for a fleet, by Envoy's rate limit protocol");
  auto flags = std::make_shared<LimitFlags>();
  command
      .add_option("LIMITS", flags->file,
                  "File of the limits, in JSON; read again when it has changed")
      ->required();
  add_listen_flags(command, flags->listen);
  command
      .add_option("--max-counts", flags->options.max_counts,
                  "Counts that are kept at a time (default: 1000000)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.footer(kExamples);
  command.callback([flags, &chosen] {
    const Status listening = check_listen_flags(flags->listen);
    if (!listening.ok()) throw CLI::ValidationError(std::string(listening.message()));
    chosen = [flags] { return serve(flags); };
  });
}

}  // namespace weft::cli
