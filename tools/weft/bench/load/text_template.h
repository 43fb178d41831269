#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/rng.h"

namespace weft::cli::bench {

/// What the variables of a template take their values from.
struct Variables {
  std::uint64_t number = 0;  ///< of the call: {{n}}
  Rng rng{1};
};

inline constexpr std::string_view kOpenVariable = "{{";
inline constexpr std::string_view kCloseVariable = "}}";

/// A text with variables in it, which get new values each time:
///
///     {{n}}               number of the call, from 0; no two calls of a run have the same
///     {{random}}          a whole number from 0 to 2147483647
///     {{random:LOW:HIGH}} a whole number from LOW to HIGH
///     {{uuid}}            a random UUID
///     {{text:N}}          N random letters and digits
///     {{hex:N}}           N random digits of 0-9a-f
///     {{bytes:N}}         N random bytes as base64, for a field of type bytes
///     {{fill:N}}          the letter x N times, the same in every call
///     {{zeros:N}}         N zero bytes as base64, the same in every call
class TextTemplate {
 public:
  /// INVALID_ARGUMENT naming the variable that is wrong.
  static Result<TextTemplate> parse(std::string_view text);

  /// Without variables that change.
  bool constant() const noexcept;
  void append_to(std::string& out, Variables& variables) const;

 private:
  enum class Kind : std::uint8_t { Literal, Number, Random, Uuid, Text, Hex, Bytes };
  struct Part {
    Kind kind = Kind::Literal;
    std::string text;
    std::int64_t low = 0;
    std::int64_t high = 0;
  };
  Status add_variable(std::string_view inside);
  void add_literal(std::string_view text);
  void append(const Part& part, Variables& variables, std::string& out) const;

  std::vector<Part> parts_;
};

}  // namespace weft::cli::bench
