#include "tools/weft/schema/server_types.h"

#include <utility>
#include <vector>

#include "tools/weft/schema/near_names.h"
#include "tools/weft/schema/source/proto_source.h"
#include "tools/weft/schema/source/reflection_source.h"

namespace weft::cli {
namespace {

Task<Result<Schema>> all_types(ReflectionSource& source, std::vector<std::string> services) {
  for (const std::string& service : services) {
    Status status = co_await source.load_symbol(service);
    if (status.ok()) continue;
    if (is_final(status)) co_return status;
    // A service without a descriptor is listed, and is no reason to hide the others.
    source.leave_out(service, status);
  }
  co_return source.schema(std::move(services));
}

Task<Result<Schema>> reflected_types(ReflectionSource& source, const std::string& symbol) {
  Status found;
  if (symbol.ends_with(".proto")) {
    found = co_await source.load_file(symbol);
  } else if (!symbol.empty()) {
    found = co_await source.load_symbol(symbol);
  }
  if (!symbol.empty() && found.ok()) co_return source.schema({symbol});
  if (!found.ok() && found.code() != StatusCode::NotFound) co_return found;
  Result<std::vector<std::string>> services = co_await source.list_services();
  if (!services.ok()) co_return services.status();
  Result<Schema> all = co_await all_types(source, *services);
  if (symbol.empty()) co_return all;
  std::string suggestion = did_you_mean(symbol, *services);
  if (suggestion.empty() && all.ok()) suggestion = did_you_mean(symbol, all->symbols());
  co_return invalid_argument("the server knows no '" + symbol + "'" + suggestion);
}

}  // namespace

Task<Result<Schema>> types_of(const ProtoFlags& protos, Channel& channel,
                              const CallOptions& options, const std::string& symbol) {
  if (!protos.files.empty()) co_return compile_protos(protos.files, protos.import_dirs);
  ReflectionSource source(channel, options);
  Result<Schema> types = co_await reflected_types(source, symbol);
  co_await source.close();
  co_return types;
}

}  // namespace weft::cli
