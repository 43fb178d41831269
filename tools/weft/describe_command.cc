#include <cstdio>
#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "weft/base/printable.h"

#include "tools/weft/commands.h"
#include "tools/weft/proto_text.h"
#include "tools/weft/schema_flags.h"
#include "tools/weft/server_types.h"
#include "tools/weft/status_text.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft describe :50051
  weft describe :50051 calculator.Calculator
  weft describe :50051 calculator.Calculator/Add
  weft describe :50051 calculator.Operands
  weft describe --proto greeter.proto hello.HelloRequest

Without SYMBOL all services are described. Comments are shown where there are any: servers as a rule keep none,
files given with --proto do.)";

/// What reflection has to be asked for: the service of a "Service/Method".
std::string file_symbol(const std::string& symbol) {
  const std::size_t start = symbol.find_first_not_of("./");
  if (start == std::string::npos) return {};
  return symbol.substr(start, symbol.find('/', start) - start);
}

Task<int> describe_command(std::shared_ptr<const SchemaFlags> flags) {
  Channel channel(flags->connection.target, flags->connection.channel_options());
  const CallOptions options = flags->connection.call_options();
  const bool is_file = flags->symbol.ends_with(".proto");
  const std::string wanted = is_file ? flags->symbol : file_symbol(flags->symbol);
  const Result<Schema> schema = co_await types_of(flags->protos, channel, options, wanted);
  if (!schema.ok()) co_return report(schema.status());
  std::vector<std::string> symbols{flags->symbol};
  if (flags->symbol.empty()) symbols = schema->services();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Result<std::string> text = describe(*schema, symbols[i]);
    if (!text.ok()) co_return report(text.status());
    std::printf("%s%s", i == 0 ? "" : "\n", printable_lines(*text).c_str());
  }
  co_return 0;
}

}  // namespace

void add_describe_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("describe", "Print services and types as .proto text");
  auto flags = std::make_shared<SchemaFlags>();
  add_schema_flags(command, *flags, "SYMBOL",
                   "A service, Service/Method, message, enum, field or .proto file");
  command.footer(kExamples);
  command.callback([flags, &chosen] {
    settle_schema_flags(*flags, "SYMBOL");
    chosen = [flags] { return describe_command(flags); };
  });
}

}  // namespace weft::cli
