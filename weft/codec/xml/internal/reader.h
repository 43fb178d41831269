#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/codec/schema/integers.h"
#include "weft/codec/schema/seen_fields.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/wire.h"
#include "weft/codec/xml/internal/document.h"
#include "weft/codec/xml/xml.h"

namespace weft::codec::xml {

/// Goes over a document once and writes what it says in protobuf's encoding. Every function returns
/// false when it has failed, and then nothing more is read. All that recurses is bounded by
/// max_depth.
///
///     content -> members -> member -> single -> value
///             -> special types             -> content
class Reader {
 public:
  Reader(const Document& document, const XmlReadOptions& options, OutputBytes& out) noexcept
      : document_(document), options_(options), out_(out) {}

  /// Appends the message to the output; on failure a part of it.
  bool read(const MessageTable& table);
  /// Why read() has failed: "line 2, column 7: field orders[3].price: ..."
  const std::string& fault() const noexcept { return fault_; }

 private:
  using Node = pugi::xml_node;

  // reader.cc: messages and fields
  bool message(const MessageTable& table, Node node);
  bool content(const MessageTable& table, Node node);
  bool members(const MessageTable& table, Node node);
  bool member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected, Node node);
  const FieldTable* find(const MessageTable& table, std::uint32_t& expected,
                         std::string_view name) const;
  bool unknown(const MessageTable& table, Node node);
  bool known(const FieldTable& field, SeenFields& seen, Node node);
  bool single(const FieldTable& field, Node node);
  bool entry(const FieldTable& field, Node node);

  // reader_values.cc: scalars
  bool value(const FieldTable& field, Node node);
  bool integer(const FieldTable& field, std::string_view text, Node node);
  bool floating(const FieldTable& field, std::string_view text, Node node);
  bool boolean(std::string_view text, Node node);
  bool enumerator(const FieldTable& field, std::string_view text, Node node);
  bool string(Node node);
  bool bytes(Node node);
  bool base64(std::string_view text, Node node);

  // reader_special.cc: well-known types
  bool any(const MessageTable& table, Node node);
  bool any_content(const MessageTable& held, Node node);
  bool time(const MessageTable& table, Node node);
  bool wrapper(const MessageTable& table, Node node);

  // reader_text.cc: XML itself
  /// Whether the element has no attribute but those of `allowed`.
  bool attributes(Node node, std::string_view allowed, std::string_view also = {});
  /// Whether the element's text is in base64. False, and failed, for another encoding.
  bool is_base64(Node node, bool& base64);
  /// The text of an element without the white space around it; a view of the document or of
  /// `scratch_`, until the next one.
  bool text(Node node, std::string_view& out);
  /// Appends the text of an element as it is.
  bool append_text(Node node, OutputBytes& out);
  bool append_piece(Node piece, OutputBytes& out);
  bool no_text(Node piece);

  bool fail(Node node, const std::string& text) { return fail(node, 0, text); }
  /// `offset`: in the node's own text.
  bool fail(Node node, std::size_t offset, const std::string& text);

  const Document& document_;
  const XmlReadOptions& options_;
  OutputBytes& out_;
  int level_ = 0;
  bool dropped_ = false;  // the value that was read is an enum's unknown name, and is passed over
  OutputBytes scratch_;
  std::string fault_;
  SeenFields::Stack seen_;
};

}  // namespace weft::codec::xml
