#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "weft/base/text/printable.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/registry/registry_client.h"
#include "tools/weft/schema/schema_flags.h"
#include "tools/weft/schema/server_types.h"
#include "tools/weft/schema/source/reflection_source.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft list :50051
  weft list localhost:50051 calculator.Calculator
  weft list unix:/run/app.sock
  weft list weft://localhost:7070/
  weft list --proto greeter.proto -I protos)";

void print_lines(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) std::printf("%s\n", printable(line).c_str());
}

Task<Result<std::vector<std::string>>> service_names(const SchemaFlags& flags, Channel& channel,
                                                     const CallOptions& options) {
  if (flags.protos.files.empty()) {
    ReflectionSource source(channel, options);
    auto names = co_await source.list_services();
    co_await source.close();
    co_return names;
  }
  const Result<Schema> schema = co_await types_of(flags.protos, channel, options, flags.symbol);
  if (!schema.ok()) co_return schema.status();
  co_return schema->services();
}

Task<Result<std::vector<std::string>>> method_names(const SchemaFlags& flags, Channel& channel,
                                                    const CallOptions& options) {
  const Result<Schema> schema = co_await types_of(flags.protos, channel, options, flags.symbol);
  if (!schema.ok()) co_return schema.status();
  const auto service = schema->service(flags.symbol);
  if (!service.ok()) co_return service.status();
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>((*service)->method_count()));
  for (int i = 0; i < (*service)->method_count(); ++i) {
    names.push_back(flags.symbol + "/" + (*service)->method(i)->name());
  }
  co_return names;
}

Task<int> list(std::shared_ptr<const SchemaFlags> flags) {
  if (names_registry(flags->connection.target)) {
    co_return co_await list_registry(flags->connection);
  }
  Channel channel(flags->connection.types_target, flags->connection.channel_options());
  const CallOptions options = flags->connection.call_options();
  // Chosen before it is awaited: GCC 12 destroys the results of `?:` with co_await in it twice.
  auto task = flags->symbol.empty() ? service_names(*flags, channel, options)
                                    : method_names(*flags, channel, options);
  const Result<std::vector<std::string>> names = co_await std::move(task);
  if (!names.ok()) co_return report(names.status());
  print_lines(*names);
  co_return 0;
}

}  // namespace

void add_list_command(CLI::App& app, Command& chosen) {
  CLI::App& command =
      *app.add_subcommand("list", "List the services of a server, or the methods of a service");
  auto flags = std::make_shared<SchemaFlags>();
  add_schema_flags(command, *flags, "SERVICE", "List the methods of this service");
  command.footer(kExamples);
  command.callback([flags, &chosen] {
    settle_schema_flags(*flags, "SERVICE");
    chosen = [flags] { return list(flags); };
  });
}

}  // namespace weft::cli
