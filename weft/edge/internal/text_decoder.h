#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace weft::edge {

/// The content of gRPC-Web's text mode as it comes: base64 (RFC 4648 section 4), in parts of any
/// size. A client encodes each of its writes by itself, so there may be padding within.
class TextDecoder {
 public:
  /// Appends what `text` says to `out`; false where it is not base64, or has been none before.
  bool push(std::string_view text, std::string& out);
  /// Nothing of a group of four characters is missing: the content may end here.
  bool at_boundary() const noexcept { return size_ == 0 && !failed_; }

 private:
  bool push_group(std::string_view group, std::string& out);

  std::array<char, 4> group_{};
  std::size_t size_ = 0;  // of the group
  bool failed_ = false;
};

/// Appends `bytes` in base64 with padding.
void append_text(std::string_view bytes, std::string& out);

}  // namespace weft::edge
