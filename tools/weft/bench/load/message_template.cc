#include "tools/weft/bench/load/message_template.h"

#include <algorithm>
#include <utility>

#include "tools/weft/json/json_codec.h"

namespace weft::cli::bench {

Result<MessageTemplate> MessageTemplate::create(const Schema& schema,
                                                const google::protobuf::Descriptor& type,
                                                const JsonText& text) {
  Result<TextTemplate> parsed = TextTemplate::parse(text.text);
  if (!parsed.ok()) {
    return parsed.status().with_prefix("line " + std::to_string(text.position.line) + ", column " +
                                       std::to_string(text.position.column));
  }
  MessageTemplate made(schema, type, *std::move(parsed), text.position);
  Variables sample;
  Result<std::string> bytes = made.encode(sample);
  if (!bytes.ok()) return std::move(bytes).status();
  made.constant_ = made.text_.constant();
  if (made.constant_) made.bytes_ = *std::move(bytes);
  return made;
}

std::string MessageTemplate::expand(Variables& variables) const {
  std::string out;
  text_.append_to(out, variables);
  return out;
}

Result<std::string> MessageTemplate::encode(Variables& variables) const {
  return encode_json(*schema_, *type_, {.text = expand(variables), .position = position_});
}

Result<std::vector<JsonText>> split_templates(std::string_view text) {
  // A number of the same length stands for each variable, so that every place stays what it is.
  std::string plain(text);
  for (std::size_t open = plain.find(kOpenVariable); open != std::string::npos;
       open = plain.find(kOpenVariable, open)) {
    const std::size_t close = plain.find(kCloseVariable, open);
    if (close == std::string::npos) break;  // the splitter says where
    std::fill(plain.begin() + static_cast<std::ptrdiff_t>(open),
              plain.begin() + static_cast<std::ptrdiff_t>(close + kCloseVariable.size()), '1');
  }
  JsonSplitter splitter;
  Status status = splitter.push(plain);
  if (status.ok()) status = splitter.finish();
  if (!status.ok()) return status;
  std::vector<JsonText> values;
  JsonText value;
  std::size_t at = 0;
  while (splitter.pop(value)) {
    at = plain.find(value.text, at);
    const std::size_t size = value.text.size();
    value.text = text.substr(at, size);
    at += size;
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace weft::cli::bench
