#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/storage/sql/cells.h"
#include "weft/storage/sql/column.h"
#include "weft/storage/sql/internal/fields.h"

namespace weft::sql {

using ColumnNames = std::vector<std::string>;

template <class T>
inline constexpr bool kIsTuple = false;
template <class... T>
inline constexpr bool kIsTuple<std::tuple<T...>> = true;

/// What a row becomes: a type of a column, where the row has one, or a std::tuple or a plain struct
/// of up to 16 members, which takes the columns in their order.
template <class T>
concept RowType = ColumnType<T> || kIsTuple<T> || internal::Struct<T>;

/// A row of Rows; valid as long as these.
class Row {
 public:
  Row(const Cells& cells, const ColumnNames& names, std::size_t index) noexcept
      : cells_(&cells), names_(&names), index_(index) {}

  std::size_t size() const noexcept { return names_->size(); }
  /// The value in a column, from 0; it must be below size().
  Cell operator[](std::size_t column) const noexcept { return (*cells_)[index_ * size() + column]; }

  /// The value in a column, as a T. INTERNAL naming the column, its type and T where it is no T or
  /// there is no such column: the statement and the program do not agree.
  template <ColumnType T>
  Result<T> get(std::size_t column) const {
    if (column >= size()) return no_column("column " + std::to_string(column));
    T value{};
    if (!Column<T>::read((*this)[column], value)) return mismatch(column, Column<T>::kName);
    return value;
  }
  /// As above, by the column's name; of several, the first.
  template <ColumnType T>
  Result<T> get(std::string_view name) const {
    const std::optional<std::size_t> column = find(name);
    if (!column) return no_column("column '" + std::string(name) + "'");
    return get<T>(*column);
  }
  /// The whole row. INTERNAL where T has another number of members, or a column does not fit.
  template <RowType T>
  Result<T> as() const {
    if constexpr (ColumnType<T>) {
      if (size() != 1) return wrong_count(1);
      return get<T>(std::size_t{0});
    } else {
      T value{};
      Status status;
      if constexpr (kIsTuple<T>) {
        status = read_into(value);
      } else {
        auto fields = internal::tie_fields(value);
        status = read_into(fields);
      }
      if (!status.ok()) return status;
      return value;
    }
  }

 private:
  template <class Fields>
  Status read_into(Fields& fields) const {
    constexpr std::size_t kCount = std::tuple_size_v<Fields>;
    if (size() != kCount) return wrong_count(kCount);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      Status status;
      static_cast<void>((read_field(I, std::get<I>(fields), status) && ...));
      return status;
    }(std::make_index_sequence<kCount>());
  }
  template <class T>
  bool read_field(std::size_t column, T& into, Status& status) const {
    static_assert(ColumnType<T>,
                  "a member's type is none that a column has; specialise sql::Column");
    if (Column<T>::read((*this)[column], into)) return true;
    status = mismatch(column, Column<T>::kName);
    return false;
  }
  std::optional<std::size_t> find(std::string_view name) const noexcept;
  Status no_column(const std::string& what) const;
  Status wrong_count(std::size_t asked) const;
  Status mismatch(std::size_t column, std::string_view due) const;

  const Cells* cells_;
  const ColumnNames* names_;
  std::size_t index_;
};

/// What a statement gave: its rows, all of them in memory, and how many rows it changed.
class Rows {
 public:
  class Iterator {
   public:
    Iterator(const Rows& rows, std::size_t index) noexcept : rows_(&rows), index_(index) {}
    Row operator*() const noexcept { return (*rows_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const noexcept = default;

   private:
    const Rows* rows_;
    std::size_t index_;
  };

  Rows() noexcept = default;
  /// For databases: `cells` has a whole number of rows.
  Rows(std::shared_ptr<const ColumnNames> names, Cells cells, std::uint64_t changed) noexcept
      : names_(std::move(names)), cells_(std::move(cells)), changed_(changed) {}

  std::size_t size() const noexcept {
    return names_ == nullptr || names_->empty() ? 0 : cells_.size() / names_->size();
  }
  bool empty() const noexcept { return size() == 0; }
  /// `index` must be below size().
  Row operator[](std::size_t index) const noexcept { return Row(cells_, *names_, index); }
  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, size()}; }
  /// Of the columns; empty for a statement that gives no rows.
  const ColumnNames& names() const noexcept;
  /// How many rows an INSERT, UPDATE or DELETE wrote, without what triggers and foreign keys did.
  std::uint64_t changed() const noexcept { return changed_; }
  /// Bytes that the values take.
  std::size_t memory() const noexcept { return cells_.memory(); }

  /// The only row. NOT_FOUND where there is none, INTERNAL where there are more.
  template <RowType T>
  Result<T> one() const {
    if (size() != 1) return not_one();
    return (*this)[0].as<T>();
  }
  /// The only row, or nothing where there is none.
  template <RowType T>
  Result<std::optional<T>> maybe() const {
    if (empty()) return std::optional<T>();
    Result<T> row = one<T>();
    if (!row.ok()) return std::move(row).status();
    return std::optional<T>(*std::move(row));
  }
  template <RowType T>
  Result<std::vector<T>> all() const {
    std::vector<T> values;
    values.reserve(size());
    for (const Row row : *this) {
      Result<T> value = row.as<T>();
      if (!value.ok()) return std::move(value).status();
      values.push_back(*std::move(value));
    }
    return values;
  }

 private:
  Status not_one() const;

  std::shared_ptr<const ColumnNames> names_;
  Cells cells_;
  std::uint64_t changed_ = 0;
};

}  // namespace weft::sql
