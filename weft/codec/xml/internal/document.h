#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "weft/base/status.h"
#include "weft/codec/schema/object_bytes.h"

namespace weft::codec::xml {

/// A text as a tree of elements. What pugixml takes and XML does not have is refused here: several
/// roots, text around them, document types, other encodings than UTF-8, characters that XML has
/// not. References and line ends stay as they are (decode_text()), so that places in the tree are
/// places in the text.
///
/// Before pugixml makes a tree the text's tags and attributes are counted, which is more than the
/// tree can have: each tag is at most an element of 64 bytes and a text of 64 before the next tag,
/// each attribute 40 bytes. pugixml's parser does not recurse.
class Document {
 public:
  /// INVALID_ARGUMENT with line and column; RESOURCE_EXHAUSTED beyond `max_tags`. `text` must
  /// outlive the document.
  Status parse(std::string_view text, std::size_t max_tags);
  pugi::xml_node root() const noexcept { return root_; }

  /// Where a node begins in the text.
  std::size_t place_of(pugi::xml_node node) const noexcept;
  /// "line 2, column 7: " counted from 1, in characters.
  std::string line_and_column(std::size_t at) const;

 private:
  Status check_text(std::size_t max_tags) const;
  Status find_root();
  Status check_declaration(pugi::xml_node declaration) const;
  Status invalid(std::size_t at, const std::string& what) const;

  std::string_view text_;
  ThreadBuffer<BufferUse::Format> copy_;  // pugixml writes ends of strings into it
  pugi::xml_document tree_;
  pugi::xml_node root_;
};

/// Where in a message a node is: "orders[3].price".
std::string path_of(pugi::xml_node node);

}  // namespace weft::codec::xml
