#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::nats {

struct Header {
  std::string_view name;
  std::string_view value;
};

/// Reads a message's headers (NATS ADR-4), a view of which it keeps:
///
///     NATS/1.0[ status[ description]]
///     Name: value
///     (an empty line)
///
/// Lines end with CR LF. Names have a case; blanks around a value are not part of it.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view block) noexcept;

  /// False where what was read so far is no block of headers.
  bool well_formed() const noexcept { return well_formed_; }
  /// What a broker says itself, in the first line: 503, nobody listens. 0: nothing.
  unsigned status() const noexcept { return status_; }
  /// Nothing at the end, and where the block is not well-formed.
  std::optional<Header> next() noexcept;

 private:
  std::optional<std::string_view> take_line() noexcept;

  std::string_view rest_;
  unsigned status_ = 0;
  bool well_formed_ = true;
};

/// What a block of headers begins and ends with.
inline constexpr std::string_view kHeadersBegin = "NATS/1.0\r\n";
inline constexpr std::string_view kHeadersEnd = "\r\n";
/// `name` and `value` have no line ends, and `name` no colon.
inline void append_header(std::string& block, std::string_view name, std::string_view value) {
  block.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace weft::nats
