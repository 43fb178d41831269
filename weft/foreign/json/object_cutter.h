#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::foreign {

/// Cuts bytes that come in pieces into the JSON objects and arrays that stand behind each other on
/// a connection, with or without white space between them. It looks at brackets and quotes only:
/// what is inside is judged by whoever reads it.
class ObjectCutter {
 public:
  enum class Next : std::uint8_t { Value, NeedMore, Broken };

  /// Bytes of a value, and objects and arrays in each other.
  ObjectCutter(std::size_t max_size, std::size_t max_depth) noexcept
      : max_size_(max_size), max_depth_(max_depth) {}

  /// Ends the life of what next() gave.
  void push(std::string_view bytes);
  /// The next complete value.
  Next next(std::string_view& value);
  /// After Broken. INVALID_ARGUMENT, or RESOURCE_EXHAUSTED where a limit was passed.
  const Status& error() const noexcept { return error_; }

  /// A value has begun that is not complete.
  bool in_value() const noexcept { return depth_ != 0; }
  /// Bytes of memory that are kept.
  std::size_t held() const noexcept { return bytes_.capacity(); }

 private:
  bool skip_to_value();
  bool scan();
  Next fail(Status error);

  std::size_t max_size_;
  std::size_t max_depth_;
  std::string bytes_;
  std::size_t begin_ = 0;  // of the value
  std::size_t at_ = 0;     // looked at up to here
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  Status error_;
};

}  // namespace weft::foreign
