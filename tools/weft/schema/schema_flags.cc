#include "tools/weft/schema/schema_flags.h"

#include <utility>

#include <CLI/App.hpp>

namespace weft::cli {

void add_schema_flags(CLI::App& command, SchemaFlags& flags, const std::string& symbol_name,
                      const std::string& symbol_description) {
  command.add_option("ADDRESS", flags.address,
                     "Where the server is: host:port, :port, dns:///, ipv4:, ipv6:, unix: (left "
                     "out with --proto)");
  command.add_option(symbol_name, flags.symbol, symbol_description);
  add_connection_flags(command, flags.connection);
  add_protocol_flag(command, flags.connection);
  add_proto_flags(command, flags.protos);
}

void settle_schema_flags(SchemaFlags& flags, const std::string& symbol_name) {
  if (flags.protos.files.empty()) {
    if (flags.address.empty()) throw CLI::RequiredError("ADDRESS (or --proto FILE)");
    set_address(flags.address, flags.connection);
    settle_address(flags.connection);
    return;
  }
  if (!flags.symbol.empty()) {
    throw CLI::ValidationError("with --proto no server is asked: leave ADDRESS '" + flags.address +
                               "' out, and give " + symbol_name + " only");
  }
  flags.symbol = std::exchange(flags.address, {});
  // A channel that is never used still wants a name.
  flags.connection.target = flags.connection.types_target = "unused:1";
}

}  // namespace weft::cli
