#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/codec/schema/message_table.h"
#include "weft/edge/rest/internal/http_rule.h"
#include "weft/edge/rest/internal/path_template.h"

namespace google::protobuf {
class MethodDescriptor;
}
namespace weft::codec {
class Tables;
}
namespace weft::rpc {
struct Route;
}

namespace weft::edge::rest {

/// A field of a message, or of one that lies in it: every part but the last is a message.
using FieldChain = std::vector<const codec::FieldTable*>;

/// What a peer or a rule says, for a message: in quotes, at most 256 bytes of it.
std::string shown(std::string_view text);

/// How deep a field of a path or a query may lie.
inline constexpr std::size_t kDeepestField = 32;

/// Whether a field has a value that is one text: a scalar, or a message whose JSON is a string,
/// number or bool (a time, a duration, a field mask, a wrapper).
bool is_leaf(const codec::FieldTable& field);

/// The field of that name, as declared or as in JSON, dots between the parts. INVALID_ARGUMENT
/// naming what is wrong.
Result<FieldChain> find_field(const codec::MessageTable& table, std::string_view name);
/// As declared: "shelf.name".
std::string name_of(const FieldChain& field);

/// A rule of a method, with the fields that it names.
struct BoundRule {
  enum class Body : std::uint8_t { None, Field, Whole };

  const rpc::Route* route = nullptr;
  const codec::MessageTable* request = nullptr;
  const codec::MessageTable* response = nullptr;
  std::string method;  ///< of HTTP
  PathTemplate path;
  std::vector<FieldChain> variables;  ///< of the path, in its order
  Body body = Body::None;
  const codec::FieldTable* body_field = nullptr;  ///< Body::Field
  /// The update_mask of a PATCH, which says which fields of the body count; null: there is none.
  const codec::FieldTable* mask_field = nullptr;
  const codec::FieldTable* response_field = nullptr;  ///< null: the whole response

  /// Whether the content is a google.api.HttpBody.
  bool has_raw_content() const;
  bool has_raw_response() const;
  /// Whether a query may have a field; INVALID_ARGUMENT saying why not.
  Status check_parameter(const FieldChain& field) const;
};

/// INVALID_ARGUMENT naming what a rule says that its method's messages do not have.
Result<BoundRule> bind(const HttpRule& rule, const google::protobuf::MethodDescriptor& method,
                       const codec::Tables& tables);

}  // namespace weft::edge::rest
