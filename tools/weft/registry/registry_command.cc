#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>

#include "weft/base/log.h"
#include "weft/net/loop/loop.h"
#include "weft/registry/server/registry_service.h"
#include "weft/rpc/server/server.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/duration_text.h"
#include "tools/weft/listen_flags.h"
#include "tools/weft/registry/data_folder.h"
#include "tools/weft/registry/registry_client.h"
#include "tools/weft/serve.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft registry --data /var/lib/weft
  weft registry --data /var/lib/weft --listen :7070 --cert registry.pem --key registry.key
  weft registry list :7070
  weft registry list :7070 greeter --json
  weft registry watch registry.example.org:7070 --cacert ca.pem

A server enters itself with ServerOptions::announce = "weft://127.0.0.1:7070/greeter", and clients find
it by a channel to the same text; for a registry with TLS it ends in ?tls=true or ?ca=/etc/weft/ca.pem.
The registry serves until SIGTERM or SIGINT.)";

// A watcher whose machine is gone is not to be kept for long.
constexpr Duration kKeepalive = std::chrono::seconds(30);

struct ServeFlags {
  ListenFlags listen{.listen = "127.0.0.1:7070",
                     .server = "registry",
                     .danger = "decide where its clients connect"};
  std::string data;
  registry::RegistryOptions options;
};

Result<std::shared_ptr<registry::Store>> open_store(const std::string& directory) {
  if (directory.empty()) {
    log(LogLevel::Warn, "without --data DIR, what is registered is forgotten at the end");
    return std::shared_ptr<registry::Store>(registry::make_memory_store());
  }
  const Status made = make_private_folder(directory);
  if (!made.ok()) return made.with_prefix("--data " + directory);
  return registry::open_sqlite_store(directory + "/registry.db");
}

/// What a registry's clients may make its server hold beside the instances: their messages are
/// small, and so they need not have the room that a server of uploads has.
void limit_memory(const registry::RegistryOptions& registry, ServerOptions& options) {
  options.max_receive_size = 2 * registry.max_instance_size + 4096;
  options.max_connection_memory = std::max<std::size_t>(16 << 20, 8 * options.max_receive_size);
  options.max_memory = std::max<std::size_t>(256 << 20, 8 * options.max_connection_memory);
  options.max_window = 1 << 20;
}

Task<int> serve(std::shared_ptr<const ServeFlags> flags) {
  Result<std::shared_ptr<registry::Store>> store = open_store(flags->data);
  if (!store.ok()) co_return report(store.status());
  const Result<registry::RegistryService> service =
      registry::RegistryService::open(std::move(*store), flags->options);
  if (!service.ok()) co_return report(service.status());
  ServerOptions options;
  options.listen = flags->listen.listen;
  options.tls = flags->listen.tls();
  options.loops = {net::Loop::current()};
  options.keepalive_time = kKeepalive;
  limit_memory(flags->options, options);
  Server server(std::move(options));
  server.add(service->definition());
  co_return co_await serve_until_stopped(server, flags->listen);
}

void add_duration(CLI::App& command, const std::string& name, Duration& into,
                  const std::string& description) {
  command
      .add_option_function<std::string>(
          name,
          [name, &into](const std::string& text) {
            const Result<Duration> duration = parse_duration(text);
            if (!duration.ok()) {
              throw CLI::ValidationError(name, std::string(duration.status().message()));
            }
            into = *duration;
          },
          description)
      ->type_name("TIME");
}

void add_limit(CLI::App& command, const std::string& name, std::size_t& into,
               const std::string& description) {
  command.add_option(name, into, description)->type_name("N")->check(CLI::PositiveNumber);
}

void add_serve_flags(CLI::App& command, ServeFlags& flags) {
  add_listen_flags(command, flags.listen);
  command
      .add_option("--data", flags.data,
                  "Directory of the data, made where there is none (default: in memory only)")
      ->type_name("DIR");
  add_duration(command, "--ttl", flags.options.default_ttl,
               "The lease of an instance that asks for no time (default: 10s)");
  add_duration(command, "--grace", flags.options.restart_grace,
               "What leases hold longer by after a restart (default: 10s)");
  add_limit(command, "--max-instances", flags.options.max_instances,
            "Refuse more instances than this (default: 100000)");
  add_limit(command, "--max-instances-per-client", flags.options.max_instances_per_client,
            "The same of one client: an IPv4 address, a /64 of IPv6 (default: 10000)");
  add_limit(command, "--max-watches", flags.options.max_watches,
            "Refuse more watches than this (default: 20000)");
  add_limit(command, "--max-watches-per-client", flags.options.max_watches_per_client,
            "The same of one client (default: 2000)");
  command
      .add_option("--max-memory", flags.options.max_memory,
                  "Memory that instances may take; k, M and G may follow (default: 256M)")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(false));
  command
      .add_option("--max-memory-per-client", flags.options.max_memory_per_client,
                  "The same of one client (default: 32M)")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(false));
}

void add_client_command(CLI::App& parent, Command& chosen, const std::string& name,
                        const std::string& description,
                        Task<int> (*run)(std::shared_ptr<const RegistryFlags>)) {
  CLI::App& command = *parent.add_subcommand(name, description);
  auto flags = std::make_shared<RegistryFlags>();
  command
      .add_option_function<std::string>(
          "ADDRESS", [flags](const std::string& text) { set_address(text, flags->connection); },
          "Where the registry is: host:port, :port")
      ->required();
  command.add_option("SERVICE", flags->service, "Only this service (default: all)");
  command.add_flag("--json", flags->json, "A JSON object on each line");
  add_connection_flags(command, flags->connection);
  command.callback([flags, run, &chosen] { chosen = [flags, run] { return run(flags); }; });
}

}  // namespace

void add_registry_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand(
      "registry", "Run a registry, in which servers are found, or look into one");
  auto flags = std::make_shared<ServeFlags>();
  add_serve_flags(command, *flags);
  command.footer(kExamples);
  add_client_command(command, chosen, "list", "List the instances that are registered",
                     &list_instances);
  add_client_command(command, chosen, "watch", "Print the instances, and every change",
                     &watch_instances);
  command.require_subcommand(0, 1);
  command.callback([flags, &command, &chosen] {
    if (!command.get_subcommands().empty()) return;
    const Status listening = check_listen_flags(flags->listen);
    if (!listening.ok()) throw CLI::ValidationError(std::string(listening.message()));
    chosen = [flags] { return serve(flags); };
  });
}

}  // namespace weft::cli
