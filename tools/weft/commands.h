#pragma once

#include <functional>

#include "weft/coro/task.h"

namespace CLI {
class App;
}

namespace weft::cli {

/// What the command line asks for; gives the exit status.
using Command = std::function<Task<int>()>;

/// Each adds a subcommand to `app`; parsing it fills `chosen`.
void add_list_command(CLI::App& app, Command& chosen);
void add_describe_command(CLI::App& app, Command& chosen);
void add_call_command(CLI::App& app, Command& chosen);
void add_health_command(CLI::App& app, Command& chosen);
void add_doctor_command(CLI::App& app, Command& chosen);
void add_bench_command(CLI::App& app, Command& chosen);
void add_explain_command(CLI::App& app, Command& chosen);
void add_audit_command(CLI::App& app, Command& chosen);
void add_ratelimit_command(CLI::App& app, Command& chosen);
void add_registry_command(CLI::App& app, Command& chosen);
/// Only where weft was built with the event log (WEFT_CLI_EVENTS).
void add_events_command(CLI::App& app, Command& chosen);
/// Only where weft was built with a store of sagas and transactions (WEFT_CLI_SAGAS).
void add_saga_command(CLI::App& app, Command& chosen);
void add_transaction_command(CLI::App& app, Command& chosen);

}  // namespace weft::cli
