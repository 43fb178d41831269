#include "tools/weft/bench/load/header_templates.h"

#include <algorithm>
#include <utility>

namespace weft::cli::bench {

Result<HeaderTemplates> HeaderTemplates::create(const Metadata& headers) {
  HeaderTemplates made;
  for (const Metadata::Entry entry : headers) {
    Header header{
        .name = std::string(entry.name), .value = std::string(entry.value), .changing = {}};
    if (!header.name.ends_with("-bin")) {
      Result<TextTemplate> text = TextTemplate::parse(entry.value);
      if (!text.ok()) return text.status().with_prefix("-H '" + header.name + "'");
      header.changing = *std::move(text);
      header.constant = header.changing.constant();
      Variables unused;
      header.value.clear();
      header.changing.append_to(header.value, unused);
    }
    made.headers_.push_back(std::move(header));
  }
  return made;
}

bool HeaderTemplates::constant() const noexcept {
  return std::all_of(headers_.begin(), headers_.end(),
                     [](const Header& header) { return header.constant; });
}

void HeaderTemplates::fill(Metadata& metadata, Variables& variables) const {
  thread_local std::string value;
  metadata.clear();
  for (const Header& header : headers_) {
    if (header.constant) {
      metadata.add(header.name, header.value);
      continue;
    }
    value.clear();
    header.changing.append_to(value, variables);
    metadata.add(header.name, value);
  }
}

}  // namespace weft::cli::bench
