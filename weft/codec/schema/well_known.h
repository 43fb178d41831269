#pragma once

#include <cstdint>

namespace google::protobuf {
class Descriptor;
}  // namespace google::protobuf

namespace weft::codec {

/// The types that formats treat in their own way.
enum class WellKnown : std::uint8_t {
  None,
  Any,
  Timestamp,
  Duration,
  FieldMask,
  Struct,
  Value,
  ListValue,
  Empty,
  Wrapper,  ///< DoubleValue to BytesValue: one field, number 1
};

/// Which of them `type` is: by its full name, and only where its fields are the usual ones. A type
/// that a peer has sent under such a name with other fields is an ordinary message.
WellKnown well_known_of(const google::protobuf::Descriptor& type);

}  // namespace weft::codec
