#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "weft/cluster/resolvers/resolver.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/connection_flags.h"
#include "tools/weft/doctor/examination.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft doctor :50051
  weft doctor greeter.example:443 --tls
  weft doctor greeter.example:443 --cacert ca.pem --cert me.pem --key me.key
  weft doctor :50051 --json

--timeout is the longest time of each step (default: 5s).

Exit status: 0 when no problem was found, else that of the first step that failed: 11 name,
12 connect, 13 tls, 14 http2, 15 health, 16 reflection, 17 latency.)";

struct DoctorFlags {
  ConnectionFlags connection;
  std::string address;
  bool json = false;
};

Task<> examine(Examination& examination) {
  const bool found = co_await find_addresses(examination);
  if (!found) co_return;
  const bool connected = co_await connect_to_addresses(examination);
  if (!connected) co_return;
  const bool secured = co_await examine_tls(examination);
  if (!secured) co_return;
  const bool greeted = co_await examine_http2(examination);
  if (!greeted) co_return;
  co_await examine_health(examination);
  co_await examine_reflection(examination);
  co_await measure_latency(examination);
}

Task<int> doctor(std::shared_ptr<const DoctorFlags> flags) {
  const Context* context = co_await current_context();
  Report report(flags->json ? Report::Form::Json : Report::Form::Text, flags->address);
  Examination examination(flags->connection, report, *context);
  if (flags->connection.timeout != kForever) examination.limit = flags->connection.timeout;
  co_await examine(examination);
  if (context->is_cancelled()) co_return cli::report(context->cancel_reason());
  co_return report.finish();
}

}  // namespace

void add_doctor_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand(
      "doctor", "Connect step by step, and say what is wrong and what to change");
  auto flags = std::make_shared<DoctorFlags>();
  command
      .add_option_function<std::string>(
          "ADDRESS",
          [flags](const std::string& text) {
            if (cluster::lists_instances(text)) {
              throw CLI::ValidationError(
                  "doctor looks at one server; give the address of one, as "
                  "`weft registry list` shows them");
            }
            flags->address = text;
            set_address(text, flags->connection);
          },
          "Where the server is: host:port, :port, dns:///, ipv4:, ipv6:, unix:")
      ->required();
  command.add_flag("--json", flags->json, "Print what was found as one JSON object");
  add_connection_flags(command, flags->connection);
  command.footer(kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return doctor(flags); }; });
}

}  // namespace weft::cli
