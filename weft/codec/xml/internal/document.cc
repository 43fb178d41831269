#include "weft/codec/xml/internal/document.h"

#include <utility>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/codec/xml/internal/characters.h"

namespace weft::codec::xml {
namespace {

constexpr std::size_t kLargestText = 0x7fffffff;
constexpr std::size_t kLongestShown = 64;

// White space stays because it may be a string. Neither references nor line ends are changed.
constexpr unsigned kFlags = pugi::parse_cdata | pugi::parse_ws_pcdata | pugi::parse_doctype |
                            pugi::parse_declaration | pugi::parse_fragment;

/// No fewer than pugixml finds.
std::size_t count_tags(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '<') ++count;
    if (text[at] != '=') continue;
    while (at + 1 < text.size() && is_white(text[at + 1])) ++at;
    const char quote = at + 1 < text.size() ? text[at + 1] : '\0';
    if (quote == '"' || quote == '\'') ++count;
  }
  return count;
}

std::string_view text_of(pugi::xml_parse_status status) noexcept {
  switch (status) {
    case pugi::status_bad_pi:
      return "a processing instruction or declaration is broken";
    case pugi::status_bad_comment:
      return "a comment does not end";
    case pugi::status_bad_cdata:
      return "a CDATA section does not end";
    case pugi::status_bad_doctype:
      return "a document type is refused";
    case pugi::status_bad_start_element:
      return "a start tag is broken";
    case pugi::status_bad_attribute:
      return "an attribute is broken";
    case pugi::status_bad_end_element:
      return "an end tag is broken";
    case pugi::status_end_element_mismatch:
      return "the end tag of another element, or none, comes here";
    default:
      return "it is not XML";
  }
}

bool is_blank(pugi::xml_node node) noexcept {
  return node.type() == pugi::node_pcdata && trimmed(node.value()).empty();
}

}  // namespace

Status Document::parse(std::string_view text, std::size_t max_tags) {
  text_ = text;
  if (Status checked = check_text(max_tags); !checked.ok()) return checked;
  copy_->put(text);
  copy_->put(
      '\n');  // pugixml puts the end of the last string over the last byte, whatever that was
  const pugi::xml_parse_result result =
      tree_.load_buffer_inplace(copy_->data(), copy_->size(), kFlags, pugi::encoding_utf8);
  if (result.status == pugi::status_out_of_memory) {
    return resource_exhausted("there is no memory for an XML text of " +
                              std::to_string(text.size()) + " bytes");
  }
  if (!result) {
    return invalid(static_cast<std::size_t>(result.offset), std::string(text_of(result.status)));
  }
  return find_root();
}

Status Document::check_text(std::size_t max_tags) const {
  if (text_.size() > kLargestText) {
    return resource_exhausted("an XML text of " + std::to_string(text_.size()) +
                              " bytes is larger than " + std::to_string(kLargestText) +
                              " bytes, the limit");
  }
  if (const std::size_t bad = find_bad_character(text_); bad != text_.size()) {
    return invalid(bad, "there is a byte that is not UTF-8, or a character that XML 1.0 has not: " +
                            printable(text_.substr(bad, 1)));
  }
  const std::size_t tags = count_tags(text_);
  if (tags <= max_tags) return {};
  return resource_exhausted("the XML has " + std::to_string(tags) +
                            " tags and attributes; the limit is " + std::to_string(max_tags));
}

Status Document::find_root() {
  for (const pugi::xml_node node : tree_.children()) {
    switch (node.type()) {
      case pugi::node_declaration:
        if (Status checked = check_declaration(node); !checked.ok()) return checked;
        break;
      case pugi::node_doctype:
        return invalid(text_.rfind('<', place_of(node)), "a document type is refused");
      case pugi::node_element:
        if (root_) return invalid(place_of(node), "a second root element follows the first");
        root_ = node;
        break;
      default:
        if (!is_blank(node)) return invalid(place_of(node), "there is text outside of the element");
    }
  }
  return root_ ? Status() : invalid(text_.size(), "there is no element");
}

Status Document::check_declaration(pugi::xml_node declaration) const {
  const pugi::xml_attribute encoding = declaration.attribute("encoding");
  if (!encoding) return {};
  const std::string name = ascii::lower(std::string(encoding.value()));
  if (name == "utf-8" || name == "us-ascii") return {};
  return invalid(
      0, "the encoding is '" + printable(name.substr(0, kLongestShown)) + "' instead of UTF-8");
}

Status Document::invalid(std::size_t at, const std::string& what) const {
  return invalid_argument(line_and_column(at) + what);
}

std::size_t Document::place_of(pugi::xml_node node) const noexcept {
  const std::ptrdiff_t at = node.offset_debug();
  if (at < 0) return 0;
  // An element's place is that of its name.
  const bool has_bracket = node.type() == pugi::node_element && at > 0;
  return static_cast<std::size_t>(at) - (has_bracket ? 1 : 0);
}

std::string Document::line_and_column(std::size_t at) const {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text_.substr(0, at)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

std::string path_of(pugi::xml_node node) {
  std::vector<std::string> parts;
  while (node && node.type() != pugi::node_element) node = node.parent();
  for (; node && node.parent().type() == pugi::node_element; node = node.parent()) {
    std::string part = printable(std::string_view(node.name()).substr(0, kLongestShown));
    std::size_t index = 0;
    for (auto other = node.previous_sibling(node.name()); other;
         other = other.previous_sibling(node.name())) {
      ++index;
    }
    if (index != 0 || node.next_sibling(node.name())) part += "[" + std::to_string(index) + "]";
    parts.push_back(std::move(part));
  }
  std::string out;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    out += (out.empty() ? "" : ".") + *part;
  }
  return out;
}

}  // namespace weft::codec::xml
