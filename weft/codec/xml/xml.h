#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/codec/codec.h"

namespace google::protobuf {
class DescriptorPool;
class Message;
}  // namespace google::protobuf

namespace weft {

/// How messages are written as XML (docs/reference/xml.md).
struct XmlWriteOptions {
  /// Fields without presence that have their default value: 0, "", false.
  bool defaults = false;
  /// Names as in the .proto file rather than in lowerCamelCase.
  bool declared_names = false;
  /// Enums as numbers.
  bool enum_numbers = false;
  /// Spaces of each level of a text over several lines; 0: one line without any.
  int indent = 0;
  /// For people: what has no XML is marked instead of being an error, and unknown fields are shown.
  bool marks = false;
  /// Messages and entries of maps in each other, at most 1000; deeper ones are an error.
  int max_depth = 100;
  /// Bytes of text; more is RESOURCE_EXHAUSTED.
  std::size_t max_size = 0x7fffffff;
};

/// How XML is read. Both names of a field and both forms of an enum are always read.
struct XmlReadOptions {
  /// Unknown elements, attributes, and names of enum values are passed over.
  bool ignore_unknown = false;
  /// The forms that XmlWriteOptions::marks writes are read, too.
  bool marks = false;
  /// As above.
  int max_depth = 100;
  /// Tags and attributes in a text, counted before it is parsed. Each holds up to 128 bytes while
  /// the message is read.
  std::size_t max_tags = 500'000;
};

/// Everything of a codec.
struct XmlOptions {
  XmlWriteOptions write = {};
  XmlReadOptions read = {};
  /// Where the types of messages in an Any, and extensions, are looked up; null: where the
  /// message's own type is.
  std::shared_ptr<const google::protobuf::DescriptorPool> types = nullptr;
};

/// A message as XML: one element, named for its type. INVALID_ARGUMENT naming the field that cannot
/// be written: a time out of range, a string that is not UTF-8. Fields that are required and not
/// set are no error.
Result<std::string> to_xml(const google::protobuf::Message& message,
                           const XmlWriteOptions& options = {});

/// Replaces `into` by what `xml` says; on an error it is empty or a part. INVALID_ARGUMENT with
/// line, column, the field's path ("orders[3].price"), the value and its limit. Entities are never
/// expanded and a document type is refused. Fields that are required and missing are no error.
Status from_xml(std::string_view xml, google::protobuf::Message& into,
                const XmlReadOptions& options = {});

/// The codec of `application/grpc+xml`, for Server::add(), ChannelOptions::codec and
/// CallOptions::codec. A message of the lite runtime, which has no reflection, is an error that
/// says so.
std::shared_ptr<const Codec> xml_codec(XmlOptions options = {});

}  // namespace weft
