#include "weft/codec/schema/write_fault.h"

#include <utility>

#include <google/protobuf/descriptor.h>

namespace weft::codec {

bool WriteFault::set(Kind kind, std::string text, const FieldPath& path) {
  kind_ = kind;
  text_ = std::move(text);
  path_ = path.text();
  return false;
}

bool WriteFault::malformed(const MessageTable& table, const FieldPath& path) {
  return set(Kind::Malformed, "its bytes are not a " + table.type().full_name(), path);
}

bool WriteFault::malformed(const FieldTable& field, const FieldPath& path) {
  return set(Kind::Malformed, "its bytes are not a value of " + field.descriptor->full_name(),
             path);
}

bool WriteFault::too_deep(int limit, const FieldPath& path) {
  return set(Kind::TooDeep, "it lies deeper than " + std::to_string(limit) + " levels, the limit",
             path);
}

Status WriteFault::status(std::string_view format, std::size_t max_size) const {
  const std::string where = path_.empty() ? "" : "field " + path_ + ": ";
  switch (kind_) {
    case Kind::None:
      return {};
    case Kind::Malformed:
      return internal_error(where + text_);
    case Kind::TooLarge:
      return resource_exhausted("the " + std::string(format) + " is larger than " +
                                std::to_string(max_size) + " bytes, the limit");
    default:
      return invalid_argument(where + text_);
  }
}

}  // namespace weft::codec
