#include "weft/codec/xml/internal/reader.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/message_set.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {
namespace {

constexpr int kDeepest = 1000;
// Before the name is looked up.
constexpr std::uint32_t kFieldsTried = 4;
// What protobuf can hold in a message.
constexpr std::size_t kLargestMessage = 0x7fffffff;
constexpr std::size_t kLongestShown = 256;

/// The field is the key or the value of a map's entry.
bool is_of_entry(const FieldTable& field) {
  return !field.extension && field.descriptor->containing_type()->options().map_entry();
}

}  // namespace

bool Reader::read(const MessageTable& table) {
  const Node root = document_.root();
  const std::string_view name = root.name();
  if (name != table.type().name() && name != table.type().full_name()) {
    return fail(root, "the element is '" + printable(name.substr(0, kLongestShown)) +
                          "' instead of '" + table.type().name() + "'");
  }
  const std::size_t begin = out_.size();
  if (!message(table, root)) return false;
  if (out_.size() - begin <= kLargestMessage) return true;
  return fail(root, "the message has more than 2147483647 bytes, which protobuf cannot hold");
}

bool Reader::message(const MessageTable& table, Node node) {
  const int limit = std::min(options_.max_depth, kDeepest);
  if (level_ >= limit) {
    return fail(node, "messages lie in each other deeper than " + std::to_string(limit) +
                          " levels, the limit");
  }
  ++level_;
  if (!content(table, node)) return false;
  --level_;
  return true;
}

bool Reader::content(const MessageTable& table, Node node) {
  switch (table.well_known()) {
    case WellKnown::Any:
      return any(table, node);
    case WellKnown::Timestamp:
    case WellKnown::Duration:
      return time(table, node);
    case WellKnown::Wrapper:
      return wrapper(table, node);
    default:
      return attributes(node, {}) && members(table, node);
  }
}

bool Reader::members(const MessageTable& table, Node node) {
  SeenFields seen(seen_, table);
  std::uint32_t expected = 0;
  for (const Node child : node.children()) {
    const bool is_element = child.type() == pugi::node_element;
    if (!(is_element ? member(table, seen, expected, child) : no_text(child))) return false;
  }
  return true;
}

const FieldTable* Reader::find(const MessageTable& table, std::uint32_t& expected,
                               std::string_view name) const {
  // Most texts have the fields in the order of their declaration, but for some that are left out;
  // and elements of a list follow each other.
  const std::uint32_t end = std::min(table.size(), expected + kFieldsTried);
  for (std::uint32_t i = expected; i < end; ++i) {
    if (table.field(i).json_name != name) continue;
    expected = i;
    return &table.field(i);
  }
  if (const FieldTable* field = table.by_name(name)) {
    expected = field->index;
    return field;
  }
  if (!name.starts_with(kExtensionPrefix)) return nullptr;
  return table.tables().extension(table, name.substr(kExtensionPrefix.size()));
}

bool Reader::member(const MessageTable& table, SeenFields& seen, std::uint32_t& expected,
                    Node node) {
  const FieldTable* const field = find(table, expected, node.name());
  return field != nullptr ? known(*field, seen, node) : unknown(table, node);
}

bool Reader::unknown(const MessageTable& table, Node node) {
  const std::string_view name = node.name();
  std::string_view text;
  if (options_.marks && name == kUnknownFields) {
    bool is_marked = false;
    if (!attributes(node, kEncoding) || !is_base64(node, is_marked)) return false;
    return this->text(node, text) && base64(text, node);
  }
  if (options_.ignore_unknown) return true;
  return fail(node, "there is no field '" + printable(name.substr(0, kLongestShown)) + "' in " +
                        table.type().full_name());
}

bool Reader::known(const FieldTable& field, SeenFields& seen, Node node) {
  if (field.repeated) return field.map ? entry(field, node) : single(field, node);
  if (!seen.add_field(field)) return fail(node, "the field is given twice");
  if (field.oneof >= 0 && !seen.add_oneof(field)) {
    return fail(node, "another field of the oneof '" +
                          field.descriptor->containing_oneof()->name() + "' is given, too");
  }
  return single(field, node);
}

bool Reader::entry(const FieldTable& field, Node node) {
  const std::size_t before = out_.size();
  if (!single(field, node)) return false;
  if (dropped_) {
    // The name of its enum value is unknown.
    out_.truncate(before);
    dropped_ = false;
  }
  return true;
}

bool Reader::single(const FieldTable& field, Node node) {
  const std::size_t before = out_.size();
  std::size_t begin = 0;
  if (field.message_set_item) {
    begin = begin_message_set_item(field, out_);
    if (!message(field.message(), node)) return false;
    end_message_set_item(begin, out_);
    return true;
  }
  if (field.packed) {
    // One by one, which every parser reads.
    out_.put_varint(field.number << 3 | static_cast<std::uint32_t>(field.wire));
  } else {
    out_.put_tag(field);
  }
  if (field.kind == FieldKind::Message) {
    begin = out_.begin_sized();
    if (!message(field.message(), node)) return false;
    out_.end_sized(begin);
    return true;
  }
  if (field.kind == FieldKind::Group) {
    if (!message(field.message(), node)) return false;
    out_.put({field.end_tag, field.tag_size});
    return true;
  }
  if (!value(field, node)) return false;
  if (dropped_) [[unlikely]] {
    out_.truncate(before);
    dropped_ = is_of_entry(field);
  }
  return true;
}

}  // namespace weft::codec::xml
