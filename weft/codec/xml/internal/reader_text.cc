#include <cstring>

#include "weft/base/text/printable.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/reader.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {
namespace {

constexpr std::size_t kLongestShown = 64;

bool is_element(pugi::xml_node node) noexcept { return node.type() == pugi::node_element; }

/// Namespaces and the attributes of XML itself mean nothing here.
bool is_of_xml(std::string_view name) noexcept {
  return name == "xmlns" || name.starts_with("xmlns:") || name.starts_with("xml:");
}

}  // namespace

bool Reader::attributes(Node node, std::string_view allowed, std::string_view also) {
  bool first = false;
  bool second = false;
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    const auto shown = [name] { return "'" + printable(name.substr(0, kLongestShown)) + "'"; };
    const bool is_first = !allowed.empty() && name == allowed;
    if (is_first || (!also.empty() && name == also)) {
      bool& seen = is_first ? first : second;
      if (seen) return fail(node, "the attribute " + shown() + " is given twice");
      seen = true;
    } else if (!is_of_xml(name) && !options_.ignore_unknown) {
      return fail(node, "the attribute " + shown() + " means nothing here");
    }
  }
  return true;
}

bool Reader::is_base64(Node node, bool& base64) {
  const pugi::xml_attribute encoding = node.attribute(kEncoding);
  base64 = !encoding.empty();
  if (!base64 || encoding.value() == kBase64) return true;
  return fail(node, "the encoding is '" +
                        printable(std::string_view(encoding.value()).substr(0, kLongestShown)) +
                        "' instead of 'base64'");
}

bool Reader::text(Node node, std::string_view& out) {
  const Node only = node.first_child();
  if (!only) {
    out = {};
    return true;
  }
  const bool is_plain = only.type() == pugi::node_pcdata && !only.next_sibling() &&
                        std::strpbrk(only.value(), "&\r") == nullptr;
  if (is_plain) [[likely]] {
    out = trimmed(only.value());
    return true;
  }
  scratch_.clear();
  if (!append_text(node, scratch_)) return false;
  out = trimmed(scratch_.view());
  return true;
}

bool Reader::append_text(Node node, OutputBytes& out) {
  for (const Node piece : node.children()) {
    if (is_element(piece)) {
      return fail(piece, "expected text instead of an element");
    }
    if (!append_piece(piece, out)) return false;
  }
  return true;
}

bool Reader::append_piece(Node piece, OutputBytes& out) {
  const std::string_view raw = piece.value();
  if (raw.find_first_of("&\r") == std::string_view::npos) [[likely]] {
    out.put(raw);
    return true;
  }
  if (piece.type() == pugi::node_cdata) {
    // Line ends are the same everywhere, but nothing is a reference.
    for (std::size_t at = 0; at < raw.size(); ++at) {
      const bool ends_line = raw[at] == '\r';
      if (!ends_line || at + 1 == raw.size() || raw[at + 1] != '\n') {
        out.put(ends_line ? '\n' : raw[at]);
      }
    }
    return true;
  }
  std::size_t bad = 0;
  if (decode_text(raw, TextPlace::Element, out, bad)) return true;
  return fail(piece, bad,
              "'" + printable(raw.substr(bad, raw.substr(bad, kLongestShown).find(';') + 1)) +
                  "' is no character; references are &lt; &gt; &amp; &quot; &apos; and numbers "
                  "such as &#65; of characters that XML has");
}

bool Reader::no_text(Node piece) {
  const bool is_blank = piece.type() == pugi::node_pcdata && trimmed(piece.value()).empty();
  return is_blank || fail(piece, "there is text between the fields of a message");
}

bool Reader::fail(Node node, std::size_t offset, const std::string& text) {
  fault_ = document_.line_and_column(document_.place_of(node) + offset);
  const std::string path = path_of(node);
  if (!path.empty()) fault_ += "field " + path + ": ";
  fault_ += text;
  return false;
}

}  // namespace weft::codec::xml
