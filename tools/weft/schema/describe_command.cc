#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/base/text/printable.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/last_resort.h"
#include "tools/weft/schema/proto_text.h"
#include "tools/weft/schema/schema_flags.h"
#include "tools/weft/schema/server_types.h"
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

// Writing the text takes well below a second for whatever the limits of reflection let pass.
constexpr Duration kDescribeLimit = std::chrono::seconds(10);

/// In the order of their first places.
std::vector<std::string> unique(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (seen.insert(name).second) out.push_back(name);
  }
  return out;
}

/// What can be described, and what is wrong with the others, in their order.
struct Description {
  std::string text;
  std::vector<Status> problems;
};

Description describe_all(const Schema& schema, const std::vector<std::string>& symbols) {
  const LastResort guard("writing the server's types as text", kDescribeLimit);
  Description out;
  for (const std::string& symbol : symbols) {
    const Result<std::string> text = describe(schema, symbol);
    if (text.ok()) {
      out.text.append(out.text.empty() ? "" : "\n").append(printable_lines(*text));
    } else {
      out.problems.push_back(text.status());
    }
  }
  return out;
}

void warn(const Status& status) {
  const Style style = Style::of(STDERR_FILENO);
  std::fprintf(stderr, "%s: %s\n", style.paint(style.yellow, "warning").c_str(),
               printable_lines(status.message()).c_str());
}

Task<int> describe_command(std::shared_ptr<const SchemaFlags> flags) {
  Channel channel(flags->connection.types_target, flags->connection.channel_options());
  const CallOptions options = flags->connection.call_options();
  const bool is_file = flags->symbol.ends_with(".proto");
  const std::string wanted = is_file ? flags->symbol : file_symbol(flags->symbol);
  const Result<Schema> schema = co_await types_of(flags->protos, channel, options, wanted);
  if (!schema.ok()) co_return report(schema.status());
  std::vector<std::string> symbols{flags->symbol};
  if (flags->symbol.empty()) symbols = unique(schema->services());
  const Description described = describe_all(*schema, symbols);
  if (described.text.empty() && !described.problems.empty()) {
    co_return report(described.problems.front());
  }
  std::fputs(described.text.c_str(), stdout);
  for (const Status& problem : described.problems) warn(problem);
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
