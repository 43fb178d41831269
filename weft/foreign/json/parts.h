#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/status.h"

namespace weft::foreign {

/// Goes over the members of a JSON object, or the elements of an array, without reading what is
/// inside of them.
///
///     JsonParts parts(text);
///     while (parts.next()) use(parts.name(), parts.value());
///     if (!parts.status().ok()) ...
class JsonParts {
 public:
  /// `text`, which outlives this, begins with '{' or '['.
  explicit JsonParts(std::string_view text) noexcept;

  /// False at the end, and where the text is no JSON.
  bool next();
  /// Between the quotes, with its escapes; empty in an array.
  std::string_view name() const noexcept { return name_; }
  /// The text of the value, without white space around it.
  std::string_view value() const noexcept { return value_; }
  /// INVALID_ARGUMENT where the text is no JSON.
  const Status& status() const noexcept { return status_; }

 private:
  void white_space() noexcept;
  bool string(std::string_view& out);
  bool skip_value();
  bool skip_container();
  bool fail(std::string_view expected);

  std::string_view text_;
  std::size_t at_ = 0;
  char close_;
  bool first_ = true;
  bool over_ = false;
  std::string_view name_;
  std::string_view value_;
  Status status_;
};

/// Whether a value can be the id of a request: a string without raw control characters, a
/// number, or null. An id is sent back as it came.
bool is_request_id(std::string_view value) noexcept;

/// The content of a JSON string without escapes. False for any other value.
bool plain_string(std::string_view value, std::string_view& out) noexcept;

}  // namespace weft::foreign
