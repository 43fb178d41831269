#pragma once

#include <string>
#include <vector>

#include "weft/edge/rest/internal/bound_rule.h"

namespace weft::edge::api {

/// The path of a rule as OpenAPI has it: a parameter for each segment that varies, since a value
/// has no slash there.
///
///     /v1/{name=shelves/*/books/*}:lend     /v1/shelves/{name_1}/books/{name_2}:lend
///     /v1/files/{path=**}                   /v1/files/{+path}
struct RulePath {
  struct Parameter {
    std::string name;
    std::string description;  ///< of a segment that is a part of a field, or of no field
    /// Whose value the segment is; null: it is not the whole of a field.
    const codec::FieldTable* field = nullptr;
  };

  std::vector<Parameter> parameters;
  /// With {} for each parameter: equal in two paths that OpenAPI takes for the same.
  std::string hierarchy;

  /// With the names of the parameters, which may be those of another path of this hierarchy.
  std::string text(const std::vector<Parameter>& names) const;
};

RulePath path_of(const rest::BoundRule& rule);

}  // namespace weft::edge::api
