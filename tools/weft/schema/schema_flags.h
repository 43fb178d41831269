#pragma once

#include <string>

#include "tools/weft/connection_flags.h"

namespace weft::cli {

/// What `list` and `describe` are told: a server or .proto files, and perhaps a name.
struct SchemaFlags {
  ConnectionFlags connection;
  ProtoFlags protos;
  std::string address;
  std::string symbol;
};

/// Adds ADDRESS, the positional `symbol_name`, and the flags of both kinds of source.
void add_schema_flags(CLI::App& command, SchemaFlags& flags, const std::string& symbol_name,
                      const std::string& symbol_description);
/// With --proto there is no ADDRESS, so that the first positional is the name.
/// CLI::ValidationError where what was given does not fit together.
void settle_schema_flags(SchemaFlags& flags, const std::string& symbol_name);

}  // namespace weft::cli
