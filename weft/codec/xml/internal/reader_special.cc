#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/text/time_text.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/reader.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {
namespace {

constexpr std::size_t kLongestShown = 256;

bool has_elements(pugi::xml_node node) noexcept {
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_element) return true;
  }
  return false;
}

}  // namespace

bool Reader::any(const MessageTable& table, Node node) {
  bool raw = false;
  if (!attributes(node, kType, kEncoding) || !is_base64(node, raw)) return false;
  scratch_.clear();
  std::size_t bad = 0;
  const pugi::xml_attribute type = node.attribute(kType);
  if (!decode_text(type.value(), TextPlace::Attribute, scratch_, bad)) {
    return fail(node, "the attribute 'type' has a reference that is no character");
  }
  const std::string url(scratch_.view());
  if (url.empty() && !raw) {
    const bool fields = has_elements(node);
    if (!fields || options_.marks) return members(table, node);
    return fail(node, "an Any has no attribute 'type'");
  }
  if (!url.empty()) {
    out_.put('\x0a');
    out_.put_varint(url.size());
    out_.put(url);
  }
  const MessageTable* const held = raw ? nullptr : table.tables().any_type(table, url);
  if (!raw && held == nullptr) {
    const std::string_view name = type_name_of(url).substr(0, kLongestShown);
    return fail(node, "the type '" + printable(name) + "' of an Any is unknown");
  }
  out_.put('\x12');
  const std::size_t begin = out_.begin_sized();
  std::string_view text;
  if (!(raw ? this->text(node, text) && base64(text, node) : any_content(*held, node))) {
    return false;
  }
  out_.end_sized(begin);
  return true;
}

bool Reader::any_content(const MessageTable& held, Node node) {
  if (!has_own_form(held.well_known())) return members(held, node);
  bool found = false;
  for (const Node child : node.children()) {
    if (child.type() != pugi::node_element) {
      if (!no_text(child)) return false;
      continue;
    }
    const std::string_view name = child.name();
    if (name == "value" && !found) {
      found = true;
      if (!message(held, child)) return false;
    } else if (name == "value" || !options_.ignore_unknown) {
      return fail(child, "an Any of " + held.type().full_name() + " has one element, 'value'");
    }
  }
  return found || fail(node, "an Any of " + held.type().full_name() + " has no element 'value'");
}

bool Reader::time(const MessageTable& table, Node node) {
  const WellKnown type = table.well_known();
  if (!attributes(node, {})) return false;
  if (options_.marks && (!node.first_child() || has_elements(node))) return members(table, node);
  std::string_view text;
  Seconds value;
  if (!this->text(node, text)) return false;
  if (!read_time(type, text, value)) {
    return fail(node, "'" + printable(text.substr(0, kLongestShown)) + "' is not " +
                          std::string(time_form(type)).append(time_range(type)));
  }
  put_seconds(value, out_);
  return true;
}

bool Reader::wrapper(const MessageTable& table, Node node) {
  out_.put_tag(table.field(0));
  return value(table.field(0), node);
}

}  // namespace weft::codec::xml
