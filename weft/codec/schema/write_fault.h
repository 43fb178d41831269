#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/message_table.h"

namespace weft::codec {

/// Why a message cannot be written in a format.
class WriteFault {
 public:
  enum class Kind : std::uint8_t {
    None,
    NotWritable,  ///< a value that the format does not have
    Malformed,    ///< the bytes are no such message
    TooDeep,
    TooLarge,
  };

  Kind kind() const noexcept { return kind_; }
  void clear() noexcept { kind_ = Kind::None; }

  // All return false, for whoever fails.
  bool set(Kind kind, std::string text, const FieldPath& path);
  bool malformed(const MessageTable& table, const FieldPath& path);
  bool malformed(const FieldTable& field, const FieldPath& path);
  bool too_deep(int limit, const FieldPath& path);

  /// INVALID_ARGUMENT, INTERNAL for Malformed, RESOURCE_EXHAUSTED for TooLarge, each with the
  /// field. `format`: "JSON".
  Status status(std::string_view format, std::size_t max_size) const;

 private:
  Kind kind_ = Kind::None;
  std::string text_;
  std::string path_;
};

}  // namespace weft::codec
