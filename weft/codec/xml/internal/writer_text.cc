#include <algorithm>

#include "weft/codec/schema/text/base64.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {

void Writer::begin(Name name) {
  end_tag();
  if (level_ != 0) new_line();
  ++level_;
  char* to = out_.room(name.prefix.size() + name.name.size() + 1);
  *to++ = '<';
  to = std::copy(name.prefix.begin(), name.prefix.end(), to);
  out_.set_end(std::copy(name.name.begin(), name.name.end(), to));
  tag_is_open_ = true;
}

void Writer::end(Name name) {
  --level_;
  if (tag_is_open_) {
    out_.put("/>");
  } else {
    if (ended_element_) new_line();
    out_.put("</");
    out_.put(name.prefix);
    out_.put(name.name);
    out_.put('>');
  }
  tag_is_open_ = false;
  ended_element_ = true;
}

void Writer::attribute(std::string_view name, std::string_view value) {
  out_.put(' ');
  out_.put(name);
  out_.put("=\"");
  put_attribute(value, out_);
  out_.put('"');
}

void Writer::base64(std::string_view bytes) {
  attribute(kEncoding, kBase64);
  if (bytes.empty()) return;
  begin_text();
  put_base64(bytes, out_);
}

void Writer::new_line() {
  if (options_.indent <= 0) return;
  const auto spaces = static_cast<std::size_t>(options_.indent) * static_cast<std::size_t>(level_);
  char* const to = out_.room(spaces + 1);
  *to = '\n';
  std::fill_n(to + 1, spaces, ' ');
  out_.advance(spaces + 1);
}

}  // namespace weft::codec::xml
