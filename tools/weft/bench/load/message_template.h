#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/rng.h"

#include "tools/weft/json/json_splitter.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli::bench {

/// What the variables of a template take their values from.
struct Variables {
  std::uint64_t number = 0;  ///< of the call: {{n}}
  Rng rng{1};
};

/// A request as JSON with variables in it, which are replaced before it is encoded:
///
///     {{n}}               number of the call, from 0; no two calls of a run have the same
///     {{random}}          a whole number from 0 to 2147483647
///     {{random:LOW:HIGH}} a whole number from LOW to HIGH
///     {{uuid}}            a random UUID
///     {{text:N}}          N random letters and digits
///     {{bytes:N}}         N random bytes as base64, for a field of type bytes
///     {{fill:N}}          the letter x N times, the same in every call
///     {{zeros:N}}         N zero bytes as base64, the same in every call
///
/// One without variables that change is encoded once.
class MessageTemplate {
 public:
  /// `text` must have passed through split_templates(). INVALID_ARGUMENT naming what is wrong, with
  /// its place where it is the JSON, of which one sample is encoded to see.
  static Result<MessageTemplate> create(const Schema& schema,
                                        const google::protobuf::Descriptor& type,
                                        const JsonText& text);

  bool constant() const noexcept { return parts_.empty(); }
  /// The encoded message of one that is constant.
  const std::string& bytes() const noexcept { return bytes_; }
  /// Encodes with these values. Not OK where they make it something that cannot be encoded.
  Result<std::string> encode(Variables& variables) const;
  /// The JSON with these values.
  std::string expand(Variables& variables) const;

 private:
  enum class Kind : std::uint8_t { Literal, Number, Random, Uuid, Text, Bytes };
  struct Part {
    Kind kind = Kind::Literal;
    std::string text;
    std::int64_t low = 0;
    std::int64_t high = 0;
  };
  MessageTemplate(const Schema& schema, const google::protobuf::Descriptor& type,
                  TextPosition position) noexcept
      : schema_(&schema), type_(&type), position_(position) {}
  Status parse(std::string_view text);
  Status add_variable(std::string_view inside);
  void add_literal(std::string_view text);
  void append(const Part& part, Variables& variables, std::string& out) const;

  const Schema* schema_;
  const google::protobuf::Descriptor* type_;
  TextPosition position_;
  std::vector<Part> parts_;
  std::string bytes_;
};

/// Cuts a text into its JSON values, as JsonSplitter does, where variables may stand for any of
/// their parts. INVALID_ARGUMENT with the place of what is no JSON.
Result<std::vector<JsonText>> split_templates(std::string_view text);

}  // namespace weft::cli::bench
