#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/base/text/printable.h"
#include "weft/version.h"

#include "tools/weft/call/run_on_loop.h"
#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/schema/near_names.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft list :50051
  weft describe :50051 calculator.Calculator
  weft call :50051 calculator.Calculator/Add '{"a": 2, "b": 3}'
  weft health :50051
  weft doctor :50051
  weft bench :50051 calculator.Calculator/Add -d '{"a": 2}' -c 8 -m 32 -z 10s
  weft explain policy.json shop.Orders/Get --as spiffe://example.org/billing
  weft audit verify audit.jsonl
  weft ratelimit limits.json
  weft registry --data /var/lib/weft
  weft saga list sagas.db
  weft events list /var/lib/shop/log
  weft transaction list office.db

`weft COMMAND --help` shows the flags of a command, and more examples.)";

/// The innermost command that was given.
const CLI::App& parsed_command(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : parsed_command(*commands.front());
}

/// "weft registry list".
std::string full_name(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  return parent == nullptr ? "weft" : full_name(*parent) + " " + command.get_name();
}

/// Flags that somebody who typed `wanted` may have meant.
std::string near_flags(const CLI::App& command, const std::string& wanted) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return did_you_mean(wanted.substr(0, wanted.find('=')), flags);
}

std::string near_commands(const CLI::App& app, const std::string& wanted) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return did_you_mean(wanted, names);
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = parsed_command(app);
  const std::vector<std::string> extras = command.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr && &command != &app) {
    return error.what();
  }
  if (extras.empty()) return error.what();
  const std::string& extra = extras.front();
  if (extra.starts_with('-') && extra != "-") {
    return "there is no flag '" + extra + "'" + near_flags(command, extra);
  }
  if (&command == &app || !command.get_subcommands([](const CLI::App*) { return true; }).empty()) {
    return "there is no command '" + extra + "'" + near_commands(command, extra);
  }
  return "'" + extra + "' is one argument too many";
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const Style style = Style::of(STDERR_FILENO);
  const CLI::App& command = parsed_command(app);
  const std::string name = full_name(command);
  std::fprintf(stderr, "%s: %s\nsee `%s --help`\n", style.paint(style.red, name).c_str(),
               printable_lines(explain(app, error)).c_str(), name.c_str());
  return kUsageError;
}

int run(int argc, char** argv) {
  // Says what is wrong with WEFT_LOG, although most commands log nothing.
  static_cast<void>(log_enabled(LogLevel::Error));
  // Protobuf's own log repeats what errors say already.
  google::protobuf::SetLogHandler(nullptr);
  CLI::App app("Calls gRPC services, and shows what they are", "weft");
  Command chosen;
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.require_subcommand(1);
  app.footer(kExamples);
  add_list_command(app, chosen);
  add_describe_command(app, chosen);
  add_call_command(app, chosen);
  add_health_command(app, chosen);
  add_doctor_command(app, chosen);
  add_bench_command(app, chosen);
  add_explain_command(app, chosen);
  add_audit_command(app, chosen);
  add_ratelimit_command(app, chosen);
  add_registry_command(app, chosen);
#ifdef WEFT_CLI_EVENTS
  add_events_command(app, chosen);
#endif
#ifdef WEFT_CLI_SAGAS
  add_saga_command(app, chosen);
  add_transaction_command(app, chosen);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return usage_error(app, error);
  }
  const int status = run_on_loop(chosen());
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fputs("weft: standard output does not take what is written\n", stderr);
  return kOutputError;
}

}  // namespace
}  // namespace weft::cli

int main(int argc, char** argv) {
  try {
    return weft::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weft: %s\n", weft::printable(error.what()).c_str());
    return 1;
  }
}
