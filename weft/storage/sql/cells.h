#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/storage/sql/timestamp.h"

namespace weft::sql {

/// What a value of a row or a parameter is.
enum class Type : std::uint8_t { Null, Bool, Integer, Double, Text, Bytes, Time };
/// "NULL", "a bool", "an integer", "a double", "text", "bytes", "a timestamp": for messages.
std::string_view name_of(Type type) noexcept;

/// One value. `text` points into the Cells that it is from.
struct Cell {
  Type type = Type::Null;
  std::int64_t integer = 0;  ///< of Integer; of Bool 0 or 1; of Time microseconds since 1970
  double real = 0;           ///< of Double
  std::string_view text;     ///< of Text and Bytes
};

/// Values, one behind the other: the rows of a result, or the parameters of a statement. All of
/// them share two blocks of memory, so that a row costs no allocation of its own.
class Cells {
 public:
  void add_null() { cells_.push_back({0, 0, Type::Null}); }
  void add_bool(bool value) { cells_.push_back({value ? 1U : 0U, 0, Type::Bool}); }
  void add_integer(std::int64_t value) {
    cells_.push_back({static_cast<std::uint64_t>(value), 0, Type::Integer});
  }
  void add_double(double value) {
    cells_.push_back({std::bit_cast<std::uint64_t>(value), 0, Type::Double});
  }
  void add_text(std::string_view value) { add(Type::Text, value); }
  void add_bytes(std::string_view value) { add(Type::Bytes, value); }
  void add_time(Timestamp value) {
    const std::int64_t count = value.time_since_epoch().count();
    cells_.push_back({static_cast<std::uint64_t>(count), 0, Type::Time});
  }

  std::size_t size() const noexcept { return cells_.size(); }
  /// `index` must be below size().
  Cell operator[](std::size_t index) const noexcept;
  /// Bytes that the values take.
  std::size_t memory() const noexcept { return cells_.size() * sizeof(Stored) + bytes_.size(); }
  void clear() noexcept {
    cells_.clear();
    bytes_.clear();
  }

 private:
  struct Stored {
    std::uint64_t value;  // the bits of a number, or where the text begins in bytes_
    std::uint64_t size : 56;
    Type type;
  };
  void add(Type type, std::string_view value) {
    cells_.push_back({bytes_.size(), value.size(), type});
    bytes_.append(value);
  }

  std::vector<Stored> cells_;
  std::string bytes_;
};

}  // namespace weft::sql
