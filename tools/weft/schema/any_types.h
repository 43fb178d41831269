#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weft/coro/task.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/client/channel.h"

#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// The types of a method and, as responses bring them, of what an Any holds: a method's files need
/// not import these, so the server is asked for them by reflection. What is asked for is bounded:
/// each name once, and no more than kMost of them. Belongs to the loop that it is used on.
class AnyTypes {
 public:
  static constexpr std::size_t kMost = 100;

  /// All must outlive this. Without `reflection` (the types are from files) nobody is asked.
  AnyTypes(const Schema& schema, Channel& channel, const CallOptions& options,
           const std::string& service, bool reflection) noexcept
      : schema_(&schema),
        channel_(channel),
        options_(options),
        service_(service),
        reflection_(reflection) {}
  AnyTypes(const Schema&, Channel&, CallOptions&&, const std::string&, bool) = delete;

  const Schema& schema() const noexcept { return *schema_; }

  /// Asks for the types of `names` that were not asked for before. True when schema() has become
  /// another one, with which to try again.
  Task<bool> find(std::vector<std::string> names);

 private:
  const Schema* schema_;
  std::optional<Schema> own_;
  Channel& channel_;
  const CallOptions& options_;
  const std::string& service_;
  bool reflection_;
  std::set<std::string> asked_;
  std::vector<std::string> found_;
};

}  // namespace weft::cli
