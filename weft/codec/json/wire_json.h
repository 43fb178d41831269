#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/codec/json/json.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// JSON of bytes in protobuf's encoding, without a generated class: what to_json() and from_json()
/// are made of, and a tool uses that learns its types at run time.

/// Whose bytes are printed.
enum class WireOrigin : std::uint8_t {
  Own,   ///< written by protobuf in this process
  Peer,  ///< any: fields may come in any order and more than once, and mean what a parser makes of
         ///< them
};

/// Appends `bytes`, a message of the type of `table`, as JSON to `out`. INVALID_ARGUMENT naming the
/// field that has no JSON, INTERNAL where the bytes are no such message, RESOURCE_EXHAUSTED for
/// max_size. On an error `out` has a part. With marks only the second and third are errors.
///
/// `unknown_types`, where given, gets the full names of types that were not found for an Any.
Status print_json(const MessageTable& table, std::string_view bytes,
                  const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out,
                  std::vector<std::string>* unknown_types = nullptr);

/// As above, of one field: appends the JSON value that it has in `bytes`, a message of its type, or
/// its default value where it is not there.
Status print_json_field(const FieldTable& field, std::string_view bytes,
                        const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out);

/// What is wrong with a text.
struct JsonFault {
  std::string text;        ///< "2147483648 is more than int32 holds; the largest is 2147483647"
  std::string path;        ///< of the field: "orders[3].price"; empty at the top
  std::size_t at = 0;      ///< offset in the text
  std::size_t line = 1;    ///< counts from 1
  std::size_t column = 1;  ///< counts characters from 1
  // What has no field, or no value, `unknown_name`.
  const google::protobuf::Descriptor* type = nullptr;
  const google::protobuf::EnumDescriptor* enum_type = nullptr;
  std::string unknown_name;

  /// "line 2, column 7: field orders[3].price: ..."
  std::string message() const;
};

/// Appends the message that `json` is, in protobuf's encoding, to `out`. False: see `fault`; `out`
/// has a part then. The text is no more than 2 GiB.
bool read_json(const MessageTable& table, std::string_view json, const JsonReadOptions& options,
               OutputBytes& out, JsonFault& fault);

/// As above, of one field, whose value `json` is: appends the field with its tag. Nothing is
/// appended for null.
bool read_json_field(const FieldTable& field, std::string_view json, const JsonReadOptions& options,
                     OutputBytes& out, JsonFault& fault);

}  // namespace weft::codec
