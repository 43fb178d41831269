#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/write_fault.h"

namespace weft::codec::json {

/// Prints a message from its bytes. Fields come in the order of their declaration, then extensions,
/// then what is unknown. Every function returns false when it has failed; what was written since is
/// cut off by whoever marks the value instead (marked()).
///
///     message -> object -> ordered (one pass)          \  value -> scalar
///                       -> sorted (any order)          /        -> message
///                       -> extensions and the unknown
class Printer {
 public:
  Printer(const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out,
          std::vector<std::string>* unknown_types) noexcept;

  bool print(const MessageTable& table, std::string_view bytes);
  /// The value of one field of the message that `bytes` are.
  bool print_field(const FieldTable& field, std::string_view bytes);
  Status status() const { return fault_.status("JSON", options_.max_size); }

 private:
  using Fault = WriteFault::Kind;

  /// What one look over the tags of a message finds.
  struct Outline {
    bool well_formed = true;
    bool ordered = true;      // each field once, in the order of declaration
    bool has_others = false;  // tags of no field
  };
  /// A value in the bytes, behind its tag.
  struct Occurrence {
    const FieldTable* field;
    const char* at;
    WireType wire;
  };
  /// Where key and value of a map's entry lie; null where they are left out.
  struct EntryParts {
    const char* key = nullptr;
    const char* value = nullptr;
    const char* end = nullptr;
  };
  using Occurrences = std::vector<Occurrence>;
  /// Where to go back to.
  struct Place {
    std::size_t size;
    int level;
  };

  // printer.cc: messages
  bool message(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool marked_message(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool object(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool members(const MessageTable& table, std::string_view bytes, bool& first,
               const FieldPath& path);
  Outline outline_of(const MessageTable& table, std::string_view bytes) const;
  bool ordered(const MessageTable& table, std::string_view bytes, bool& first,
               const FieldPath& path, Outline& outline);
  bool sorted(const MessageTable& table, std::string_view bytes, bool& first,
              const FieldPath& path);
  bool others(const MessageTable& table, std::string_view bytes, bool& first,
              const FieldPath& path);
  bool group_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
                bool& first, const FieldPath& path);
  bool value_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
                FieldPath& path);
  bool absent_value(const FieldTable& field, const FieldPath& path);
  bool list_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
               FieldPath& path);
  std::string key_text(const FieldTable& field, std::string_view bytes);
  bool defaults(const MessageTable& table, std::uint32_t from, std::uint32_t to, bool& first);

  // values.cc: fields
  void name(const FieldTable& field, bool& first);
  bool begin_list(const FieldTable& field, const FieldPath& path);
  void end_list(const FieldTable& field, bool empty);
  bool element(const FieldTable& field, WireReader& reader, WireType wire, std::uint64_t& count,
               FieldPath& path);
  /// Prints numbers of the kinds that lists are made of mostly, up to the first that is cut off.
  std::uint64_t plain_elements(const FieldTable& field, WireReader& reader, bool first);
  template <class Next>
  std::uint64_t plain_numbers(WireReader& reader, bool first, Next next_value);
  bool packed(const FieldTable& field, std::string_view bytes, std::uint64_t& count,
              FieldPath& path);
  bool entry(const FieldTable& field, std::string_view bytes, bool first, FieldPath& path);
  /// Entries of two strings without escapes, from the one whose tag was read up to the first other
  /// one, whose tag is read then; true where the field has ended.
  bool plain_entries(const FieldTable& field, WireReader& reader, std::uint64_t& count);
  static bool parts_of(const FieldTable& field, std::string_view bytes, EntryParts& out);
  bool map_key(const FieldTable& key, const EntryParts& parts, FieldPath& path);
  bool value(const FieldTable& field, WireReader& reader, const FieldPath& path);
  bool scalar(const FieldTable& field, WireReader& reader, const FieldPath& path);
  bool text_value(std::string_view bytes, const FieldPath& path);
  bool default_value(const FieldTable& field, const FieldPath& path);
  void enum_value(const FieldTable& field, std::int32_t number);
  template <class T>
  void number(T value);

  // special.cc: well-known types
  bool special(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool any(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool any_content(const MessageTable& held, std::string_view url, std::string_view bytes,
                   const FieldPath& path);
  bool time(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool field_mask(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool struct_value(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool list_value(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool json_value(const MessageTable& table, std::string_view bytes, const FieldPath& path);
  bool wrapper(const MessageTable& table, std::string_view bytes, const FieldPath& path);

  // Text.
  bool open(char bracket, bool is_message, const FieldPath& path);
  void close(char bracket, bool empty) {
    --level_;
    if (!empty) new_line();
    out_.put(bracket);
  }
  void separate(bool& first) {
    if (!first) out_.put(',');
    first = false;
    new_line();
  }
  void new_line() {
    if (options_.indent > 0) [[unlikely]]
      put_indent();
  }
  void put_indent();
  void colon() {
    if (options_.indent > 0) out_.put(' ');
  }
  bool string(std::string_view bytes);
  void member(std::string_view quoted_name, bool& first) {
    separate(first);
    out_.put(quoted_name);
    colon();
  }
  void base64(std::string_view bytes);

  bool fail(Fault fault, std::string text, const FieldPath& path) {
    return fault_.set(fault, std::move(text), path);
  }
  bool malformed(const MessageTable& table, const FieldPath& path) {
    return fault_.malformed(table, path);
  }
  /// Whether a failure is to be marked.
  bool may_mark() const noexcept { return options_.marks && fault_.kind() != Fault::TooLarge; }
  Place place() const noexcept { return {out_.size(), level_}; }
  void return_to(const Place& place) noexcept;

  const JsonWriteOptions& options_;
  WireOrigin origin_;  // what an Any holds is a peer's
  OutputBytes& out_;
  std::vector<std::string>* unknown_types_;
  const std::size_t begin_;
  int level_ = 0;
  WriteFault fault_;
};

}  // namespace weft::codec::json
