#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace weft::edge::rest {

/// The index of a field that is not repeated.
inline constexpr int kSingle = -1;

/// The value of a field that is_leaf(), as paths and queries have it. INVALID_ARGUMENT for a time
/// or duration out of range.
Result<std::string> value_text(const google::protobuf::Message& holder,
                               const google::protobuf::FieldDescriptor& field, int index);

/// The value of a field of any kind as JSON; one that is not set is null, or an empty list or map.
/// `holder` is as before afterwards.
Result<std::string> field_json(google::protobuf::Message& holder,
                               const google::protobuf::FieldDescriptor& field);

/// Percent-encoded but for what needs no escape anywhere (RFC 3986 section 2.3).
std::string url_escaped(std::string_view text);

}  // namespace weft::edge::rest
