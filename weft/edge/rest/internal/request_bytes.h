#pragma once

#include <string_view>

#include "weft/base/status.h"
#include "weft/codec/json/json.h"
#include "weft/codec/schema/wire.h"
#include "weft/edge/rest/internal/bound_rule.h"

namespace weft::edge::rest {

/// Makes a request of its parts, in protobuf's encoding: what comes later counts where a field
/// comes twice, and a message's fields are merged, so the content goes in first and the path last.
///
/// Errors are INVALID_ARGUMENT and say what is wrong with the value.
class RequestBytes {
 public:
  RequestBytes(const JsonReadOptions& options, codec::OutputBytes& out) noexcept
      : options_(options), out_(out) {}

  /// The content of the request, JSON.
  Status add_message(const codec::MessageTable& table, std::string_view json);
  Status add_field(const codec::FieldTable& field, std::string_view json);
  /// A value from a path or a query, in the text that it has there; a list gets one element.
  Status add_text(const FieldChain& field, std::string_view text);
  /// Content as it came, as a google.api.HttpBody; null: that is the request.
  void add_content(const codec::FieldTable* field, std::string_view type, std::string_view content);

 private:
  Status add_leaf(const codec::FieldTable& field, std::string_view text);
  Status add_field_mask(const codec::FieldTable& field, std::string_view text);

  const JsonReadOptions& options_;
  codec::OutputBytes& out_;
};

}  // namespace weft::edge::rest
