#include "weft/storage/sql/cells.h"

namespace weft::sql {

std::string_view name_of(Type type) noexcept {
  switch (type) {
    case Type::Null:
      return "NULL";
    case Type::Bool:
      return "a bool";
    case Type::Integer:
      return "an integer";
    case Type::Double:
      return "a double";
    case Type::Text:
      return "text";
    case Type::Bytes:
      return "bytes";
    case Type::Time:
      return "a timestamp";
  }
  return "an unknown type";
}

Cell Cells::operator[](std::size_t index) const noexcept {
  const Stored& stored = cells_[index];
  Cell cell;
  cell.type = stored.type;
  switch (stored.type) {
    case Type::Null:
      break;
    case Type::Double:
      cell.real = std::bit_cast<double>(stored.value);
      break;
    case Type::Text:
    case Type::Bytes:
      cell.text = std::string_view(bytes_).substr(stored.value, stored.size);
      break;
    case Type::Bool:
    case Type::Integer:
    case Type::Time:
      cell.integer = static_cast<std::int64_t>(stored.value);
      break;
  }
  return cell;
}

}  // namespace weft::sql
