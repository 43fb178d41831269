#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weft/edge/openapi/internal/comments.h"
#include "weft/edge/openapi/internal/json_text.h"
#include "weft/edge/openapi/internal/rule_path.h"
#include "weft/edge/openapi/internal/schemas.h"
#include "weft/edge/rest/internal/bound_rule.h"

namespace weft::edge::api {

/// A parameter for each field of a query; more than these are only mentioned.
inline constexpr std::size_t kMostParameters = 256;
/// Fields that are looked at for it: types that hold each other have ever more ways to a field.
inline constexpr std::size_t kMostLookedAt = 16384;

/// Collects the operations of methods, and writes them by their paths.
class Operations {
 public:
  Operations(const JsonWriteOptions& json, const Comments& comments, Schemas& schemas) noexcept
      : json_(json), comments_(comments), schemas_(schemas) {}

  /// `id`: one that no other has.
  void add(const rest::BoundRule& rule, const google::protobuf::MethodDescriptor& method,
           std::string_view id);
  /// A unary method as plain JSON.
  void add_plain(std::string_view path, const google::protobuf::MethodDescriptor& method);
  /// The object of all paths.
  void put(JsonText& out) const;
  /// Bytes of what was added.
  std::size_t size() const noexcept { return size_; }

 private:
  struct PathItem {
    std::string path;
    std::vector<RulePath::Parameter> names;
    std::map<std::string, std::string> operations;  // by the key that OpenAPI has for the method
  };

  void keep(PathItem& item, std::string key, JsonText operation);
  void put_head(JsonText& out, const google::protobuf::MethodDescriptor& method,
                std::string_view id) const;
  void put_parameters(JsonText& out, const rest::BoundRule& rule, const RulePath& path,
                      const PathItem& item);
  void put_path_parameter(JsonText& out, const RulePath::Parameter& parameter,
                          std::string_view name);
  void put_query(JsonText& out, const rest::BoundRule& rule);
  void put_fields(JsonText& out, const rest::BoundRule& rule, const codec::MessageTable& table,
                  rest::FieldChain& chain, std::size_t& count);
  void put_request(JsonText& out, const rest::BoundRule& rule);
  void put_responses(JsonText& out, const rest::BoundRule& rule);
  std::string value_schema(const codec::MessageTable& table, const codec::FieldTable* field);

  const JsonWriteOptions json_;
  const Comments& comments_;
  Schemas& schemas_;
  std::size_t size_ = 0;
  std::size_t looked_at_ = 0;       // of the query that is written
  std::vector<std::string> order_;  // hierarchies as they came
  std::map<std::string, PathItem, std::less<>> items_;
};

}  // namespace weft::edge::api
