#pragma once

#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/rpc/client/channel.h"

#include "tools/weft/connection_flags.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// The types of a server: compiled from the .proto files that were given, or fetched by reflection
/// as far as `symbol` needs them; without a symbol those of all its services. INVALID_ARGUMENT
/// naming what is near when the server knows no such symbol. All parameters must outlive the task.
Task<Result<Schema>> types_of(const ProtoFlags& protos, Channel& channel,
                              const CallOptions& options, const std::string& symbol);

}  // namespace weft::cli
