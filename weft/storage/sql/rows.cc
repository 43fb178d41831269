#include "weft/storage/sql/rows.h"

#include <algorithm>

namespace weft::sql {

std::optional<std::size_t> Row::find(std::string_view name) const noexcept {
  const auto found = std::find(names_->begin(), names_->end(), name);
  if (found == names_->end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_->begin());
}

Status Row::no_column(const std::string& what) const {
  std::string text = "the result has no " + what + "; it has " + std::to_string(size());
  for (std::size_t column = 0; column < size(); ++column) {
    text.append(column == 0 ? ": " : ", ").append((*names_)[column]);
  }
  return internal_error(text);
}

Status Row::wrong_count(std::size_t asked) const {
  return internal_error("the result has " + std::to_string(size()) + " columns where " +
                        std::to_string(asked) + (asked == 1 ? " is" : " are") + " asked for");
}

Status Row::mismatch(std::size_t column, std::string_view due) const {
  const Cell cell = (*this)[column];
  std::string text = "row " + std::to_string(index_) + ", column '" + (*names_)[column] + "': ";
  text.append(name_of(cell.type));
  if (cell.type == Type::Integer) text.append(" ").append(std::to_string(cell.integer));
  text.append(" where ").append(due).append(" is asked for");
  return internal_error(text);
}

const ColumnNames& Rows::names() const noexcept {
  static const ColumnNames none;
  return names_ == nullptr ? none : *names_;
}

Status Rows::not_one() const {
  if (empty()) return not_found("the statement gave no row");
  return internal_error("the statement gave " + std::to_string(size()) +
                        " rows where 1 is asked for");
}

}  // namespace weft::sql
