#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/codec/json/json.h"
#include "weft/codec/schema/tables.h"
#include "weft/coro/task.h"
#include "weft/edge/answer/internal/cors.h"
#include "weft/edge/rest/internal/rest_rules.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge::rest {

/// The calls that come as google.api.http says. Set up by start(), then only read, on every loop at
/// the same time.
class Rest {
 public:
  /// Takes nothing.
  Rest() = default;
  explicit Rest(JsonOptions options);

  /// Reads the rules of the services.
  Status start(const rpc::Dispatcher& dispatcher);
  /// Whether a path is for serve(): it has rules, or begins with the segment of some.
  bool claims(std::string_view path) const { return !rules_.empty() && rules_.claims(path); }
  /// Whether it has rules.
  bool has(std::string_view path) const { return !allowed(path).empty(); }
  std::string allowed(std::string_view path) const { return rules_.allowed(path); }
  /// Serves a request whose path it claims. `cors` lives as long.
  Task<> serve(rpc::HttpExchange& exchange, const Cors& cors) const;

 private:
  bool enabled_ = false;
  JsonOptions options_;
  JsonOptions line_options_;                         // of messages that have one line
  std::unique_ptr<const codec::Tables> own_tables_;  // where JSON has types of its own
  RestRules rules_;
  const rpc::Dispatcher* server_ = nullptr;
};

}  // namespace weft::edge::rest
