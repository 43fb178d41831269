#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::foreign {

/// Reads the parts of a value in Go's encoding/gob (the grammar is in its doc.go). Each function
/// returns false where the bytes end too early or are wrong.
///
///     unsigned  < 128: the byte itself; else a byte 256 - n, and n bytes, the highest first
///     signed    as unsigned: i << 1, of negative ones ~i << 1 | 1
///     float     as unsigned: the bytes of a double in reverse
///     bytes     a length and as many bytes
///     struct    (delta to the number of the next field, value)*, 0
class GobReader {
 public:
  explicit GobReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  bool at_end() const noexcept { return bytes_.empty(); }
  std::size_t left() const noexcept { return bytes_.size(); }
  bool unsigned_integer(std::uint64_t& value) noexcept;
  bool integer(std::int64_t& value) noexcept;
  bool floating(double& value) noexcept;
  bool bytes(std::string_view& value) noexcept;
  /// The next field of a struct, from -1 on: `over` at its end.
  bool next_field(std::int64_t& field, bool& over) noexcept;

 private:
  std::string_view bytes_;
};

void put_gob_unsigned(std::uint64_t value, std::string& out);
void put_gob_integer(std::int64_t value, std::string& out);
void put_gob_floating(double value, std::string& out);
void put_gob_bytes(std::string_view value, std::string& out);
/// A length in front of `message`.
inline void put_gob_message(std::string_view message, std::string& out) {
  put_gob_bytes(message, out);
}

/// Types that both sides know (type.go).
enum class GobBuiltin : std::int64_t {
  Bool = 1,
  Int = 2,
  Uint = 3,
  Float = 4,
  Bytes = 5,
  String = 6,
  Complex = 7,
  Interface = 8,
};
/// Of the first type that an encoder defines.
inline constexpr std::int64_t kFirstGobType = 65;

}  // namespace weft::foreign
