#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/storage/sql/cells.h"

namespace weft::sql {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

/// What may be given for $1: bool, numbers, what converts to std::string_view (text), Bytes,
/// Timestamp, std::nullopt or nullptr (NULL), and std::optional of these.
template <class T>
concept Parameter =
    std::is_arithmetic_v<T> || std::convertible_to<const T&, std::string_view> ||
    std::same_as<T, Bytes> || std::same_as<T, Timestamp> || std::same_as<T, std::nullopt_t> ||
    std::same_as<T, std::nullptr_t> || kIsOptional<T>;

/// A statement and its parameters, copied: it may be run later and on another thread. Parameters
/// are named $1, $2, ... in every database.
class Statement {
 public:
  explicit Statement(std::string_view text) : text_(text) {}
  template <Parameter First, Parameter... More>
  Statement(std::string_view text, const First& first, const More&... more) : text_(text) {
    add(first, more...);
  }

  /// Runs the statement for these parameters too, after those that were added before: many rows are
  /// inserted by one statement. All of it is one transaction.
  template <Parameter... T>
    requires(sizeof...(T) > 0)
  Statement& add(const T&... parameters) {
    (bind(parameters), ...);
    ++sets_;
    if (sizeof...(T) * sets_ != cells_.size()) note_uneven(sizeof...(T));
    return *this;
  }

  const std::string& text() const noexcept { return text_; }
  /// Of all sets, one behind the other.
  const Cells& parameters() const noexcept { return cells_; }
  /// How often the statement runs: 1 where it has no parameters.
  std::size_t runs() const noexcept { return sets_ == 0 ? 1 : sets_; }
  std::size_t parameters_each() const noexcept { return cells_.size() / runs(); }
  /// INVALID_ARGUMENT where a parameter cannot be sent or the sets are not of one size.
  const Status& status() const noexcept { return status_; }

 private:
  template <class T>
  void bind(const T& value) {
    if constexpr (std::same_as<T, std::nullopt_t> || std::same_as<T, std::nullptr_t>) {
      cells_.add_null();
    } else if constexpr (kIsOptional<T>) {
      if (value.has_value()) {
        bind(*value);
      } else {
        cells_.add_null();
      }
    } else if constexpr (std::same_as<T, bool>) {
      cells_.add_bool(value);
    } else if constexpr (std::integral<T>) {
      if (!std::in_range<std::int64_t>(value)) note_too_large(static_cast<std::uint64_t>(value));
      cells_.add_integer(static_cast<std::int64_t>(value));
    } else if constexpr (std::floating_point<T>) {
      cells_.add_double(static_cast<double>(value));
    } else if constexpr (std::same_as<T, Bytes>) {
      cells_.add_bytes(value.view());
    } else if constexpr (std::same_as<T, Timestamp>) {
      cells_.add_time(value);
    } else {
      cells_.add_text(value);
    }
  }
  void note_too_large(std::uint64_t value);
  void note_uneven(std::size_t given);

  std::string text_;
  Cells cells_;
  std::size_t sets_ = 0;
  Status status_;
};

}  // namespace weft::sql
