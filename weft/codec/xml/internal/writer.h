#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/time.h"
#include "weft/codec/schema/wire.h"
#include "weft/codec/schema/write_fault.h"
#include "weft/codec/xml/xml.h"

namespace weft::codec::xml {

// What is not a field. Names of fields have neither dots nor hyphens in them, so nothing collides.
inline constexpr std::string_view kExtensionPrefix = "extension.";
inline constexpr std::string_view kUnknownFields = "unknown.fields";
/// The attribute of an Any.
inline constexpr const char* kType = "type";
/// The attribute of what is in base64 because it cannot be text.
inline constexpr const char* kEncoding = "encoding";
inline constexpr std::string_view kBase64 = "base64";

/// Writes XML from a message's bytes in protobuf's encoding, in one pass and in the order of the
/// bytes: a field is an element wherever it comes. The bytes are those that protobuf writes; what
/// an Any holds may be a peer's, so it is looked over first and encoded anew where it has a field
/// twice. Every function returns false when it has failed. All that recurses is bounded by
/// max_depth.
///
///     element -> content -> members -> field -> one -> scalar
///                        -> special types           -> element
class Writer {
 public:
  Writer(const XmlWriteOptions& options, OutputBytes& out) noexcept
      : options_(options), out_(out), begin_(out.size()) {}

  bool write(const MessageTable& table, std::string_view bytes);
  /// Why write() has failed.
  Status status() const { return fault_.status("XML", options_.max_size); }

 private:
  using Fault = WriteFault::Kind;
  enum class Origin : std::uint8_t { Own, Peer };
  /// The name of an element.
  struct Name {
    std::string_view prefix;
    std::string_view name;
  };

  // writer.cc: messages
  bool element(Name name, const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool content(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool known_content(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool members(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool extra(const MessageTable& table, WireReader& reader, std::uint32_t number, WireType wire,
             bool& known, FieldPath& path);
  bool set_item(const MessageTable& table, WireReader& reader, bool& known, FieldPath& path);
  bool field(const FieldTable& field, WireReader& reader, WireType wire, std::uint64_t& count,
             FieldPath& path);
  bool one(const FieldTable& field, WireReader& reader, const FieldPath& path);
  void defaults(const MessageTable& table, std::string_view bytes);
  Name name_of(const FieldTable& field) const noexcept;

  // writer_values.cc
  bool scalar(const FieldTable& field, WireReader& reader, const FieldPath& path);
  bool number(const FieldTable& field, WireReader& reader);
  bool string(std::string_view text, const FieldPath& path);
  void default_value(const FieldTable& field);
  void enum_value(const FieldTable& field, std::int32_t number);
  template <class T>
  void floating(T value);
  template <class T>
  void integer(T value);

  // writer_special.cc: well-known types
  bool any(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool any_content(const MessageTable& held, std::string_view bytes, const FieldPath& path);
  bool time(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path);

  // writer_text.cc: XML itself. A start tag stays open for attributes until content comes.
  void begin(Name name);
  void end(Name name);
  void attribute(std::string_view name, std::string_view value);
  void end_tag() {
    if (!tag_is_open_) return;
    tag_is_open_ = false;
    out_.put('>');
  }
  /// Begins text as the content of the element.
  void begin_text() {
    end_tag();
    ended_element_ = false;
  }
  /// The content, with the attribute that says so.
  void base64(std::string_view bytes);
  void new_line();

  bool fail(Fault fault, std::string text, const FieldPath& path) {
    return fault_.set(fault, std::move(text), path);
  }
  bool malformed(const MessageTable& table, const FieldPath& path) {
    return fault_.malformed(table, path);
  }
  bool malformed(const FieldTable& field, const FieldPath& path) {
    return fault_.malformed(field, path);
  }

  const XmlWriteOptions& options_;
  OutputBytes& out_;
  const std::size_t begin_;
  Origin origin_ = Origin::Own;
  int depth_ = 0;               // of messages
  int level_ = 0;               // of elements
  bool tag_is_open_ = false;    // the last start tag has no '>' yet
  bool ended_element_ = false;  // an element has just ended, and no text follows it
  WriteFault fault_;
};

/// Whether an Any has a message of this type in an element "value" rather than its fields.
constexpr bool has_own_form(WellKnown type) noexcept {
  return type == WellKnown::Any || type == WellKnown::Timestamp || type == WellKnown::Duration ||
         type == WellKnown::Wrapper;
}

}  // namespace weft::codec::xml
