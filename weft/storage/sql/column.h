#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/storage/sql/cells.h"

/// The C++ types that values of rows become: bool, integers, float and double, std::string,
/// std::string_view (valid as long as the Rows), Bytes, Timestamp, and std::optional of these,
/// which is the only one that takes NULL.
namespace weft::sql {

/// How a value becomes a T. Specialise it for a type of your own: `kName` for messages, and
/// `read()`, which is false where the value is no T.
template <class T>
struct Column;

template <>
struct Column<bool> {
  static constexpr std::string_view kName = "a bool";
  /// SQLite keeps a bool as 0 or 1.
  static bool read(const Cell& cell, bool& into) noexcept {
    into = cell.integer != 0;
    return cell.type == Type::Bool || (cell.type == Type::Integer && cell.integer >> 1 == 0);
  }
};

template <std::integral T>
struct Column<T> {
  static constexpr std::string_view kName =
      std::in_range<T>(std::numeric_limits<std::int64_t>::max()) ? "an integer"
                                                                 : "an integer in its range";
  static bool read(const Cell& cell, T& into) noexcept {
    into = static_cast<T>(cell.integer);
    return cell.type == Type::Integer && std::in_range<T>(cell.integer);
  }
};

template <std::floating_point T>
struct Column<T> {
  static constexpr std::string_view kName = "a double";
  /// SQL takes 2 for 2.0; an integer that a double cannot hold is refused.
  static bool read(const Cell& cell, T& into) noexcept {
    constexpr std::int64_t kExact = std::int64_t{1} << std::numeric_limits<T>::digits;
    if (cell.type == Type::Integer) {
      into = static_cast<T>(cell.integer);
      return cell.integer >= -kExact && cell.integer <= kExact;
    }
    into = static_cast<T>(cell.real);
    return cell.type == Type::Double;
  }
};

template <>
struct Column<std::string_view> {
  static constexpr std::string_view kName = "text";
  static bool read(const Cell& cell, std::string_view& into) noexcept {
    into = cell.text;
    return cell.type == Type::Text;
  }
};

template <>
struct Column<std::string> {
  static constexpr std::string_view kName = "text";
  static bool read(const Cell& cell, std::string& into) {
    into = cell.text;
    return cell.type == Type::Text;
  }
};

template <>
struct Column<Bytes> {
  static constexpr std::string_view kName = "bytes";
  static bool read(const Cell& cell, Bytes& into) {
    if (cell.type != Type::Bytes) return false;
    into = Bytes::copy_of(cell.text);
    return true;
  }
};

template <>
struct Column<Timestamp> {
  static constexpr std::string_view kName = "a timestamp";
  /// SQLite keeps times as text.
  static bool read(const Cell& cell, Timestamp& into) noexcept {
    if (cell.type == Type::Text) {
      const std::optional<Timestamp> time = timestamp_of(cell.text);
      into = time.value_or(Timestamp());
      return time.has_value();
    }
    into = Timestamp(std::chrono::microseconds(cell.integer));
    return cell.type == Type::Time;
  }
};

template <class T>
struct Column<std::optional<T>> {
  static constexpr std::string_view kName = Column<T>::kName;
  static bool read(const Cell& cell, std::optional<T>& into) {
    if (cell.type == Type::Null) {
      into.reset();
      return true;
    }
    return Column<T>::read(cell, into.emplace());
  }
};

template <class T>
concept ColumnType = requires(const Cell& cell, T& into) {
  { Column<T>::read(cell, into) } -> std::same_as<bool>;
};

}  // namespace weft::sql
