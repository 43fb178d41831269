#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/result.h"

#include "tools/weft/bench/load/text_template.h"
#include "tools/weft/json/json_splitter.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli::bench {

/// A request as JSON with variables in it (TextTemplate), which are replaced before it is encoded.
/// One without variables that change is encoded once.
class MessageTemplate {
 public:
  /// `text` must have passed through split_templates(). INVALID_ARGUMENT naming what is wrong, with
  /// its place where it is the JSON, of which one sample is encoded to see.
  static Result<MessageTemplate> create(const Schema& schema,
                                        const google::protobuf::Descriptor& type,
                                        const JsonText& text);

  bool constant() const noexcept { return constant_; }
  /// The encoded message of one that is constant.
  const std::string& bytes() const noexcept { return bytes_; }
  /// Encodes with these values. Not OK where they make it something that cannot be encoded.
  Result<std::string> encode(Variables& variables) const;
  /// The JSON with these values.
  std::string expand(Variables& variables) const;

 private:
  MessageTemplate(const Schema& schema, const google::protobuf::Descriptor& type, TextTemplate text,
                  TextPosition position) noexcept
      : schema_(&schema), type_(&type), text_(std::move(text)), position_(position) {}

  const Schema* schema_;
  const google::protobuf::Descriptor* type_;
  TextTemplate text_;
  TextPosition position_;
  bool constant_ = false;
  std::string bytes_;
};

/// Cuts a text into its JSON values, as JsonSplitter does, where variables may stand for any of
/// their parts. INVALID_ARGUMENT with the place of what is no JSON.
Result<std::vector<JsonText>> split_templates(std::string_view text);

}  // namespace weft::cli::bench
