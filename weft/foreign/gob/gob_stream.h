#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/foreign/gob/peer_types.h"

namespace weft::foreign {

/// Cuts bytes that come in pieces into the values of a gob stream, and keeps the types that are
/// defined between them.
///
///     message   length, then  -id, wireType        a definition
///                         or  id, value            of a struct
///                         or  id, 0, value         of anything else
class GobStream {
 public:
  enum class Next : std::uint8_t { Value, NeedMore, Broken };
  struct Value {
    std::int64_t type = 0;
    std::string_view content;  ///< behind the id, until the next push()
  };

  /// `max_size`: bytes of a message.
  explicit GobStream(std::size_t max_size) noexcept : max_size_(max_size) {}

  void push(std::string_view bytes);
  Next next(Value& value);
  /// After Broken. INVALID_ARGUMENT, or RESOURCE_EXHAUSTED where a limit was passed.
  const Status& error() const noexcept { return error_; }
  const PeerTypes& types() const noexcept { return types_; }
  /// Bytes have come that are no complete message.
  bool in_message() const noexcept { return at_ != bytes_.size(); }
  /// Bytes of memory that are kept.
  std::size_t held() const noexcept { return bytes_.capacity() + types_.memory(); }

 private:
  Next fail(Status error);
  bool take_message(std::string_view& message);

  std::size_t max_size_;
  std::string bytes_;
  std::size_t at_ = 0;
  PeerTypes types_;
  Status error_;
};

}  // namespace weft::foreign
