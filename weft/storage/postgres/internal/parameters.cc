#include "weft/storage/postgres/internal/parameters.h"

#include <array>
#include <charconv>
#include <chrono>

#include "weft/storage/sql/timestamp.h"

namespace weft::postgres {
namespace {

template <class T>
void append_number(T value, std::string& out) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

void append(const sql::Cell& cell, std::string& out) {
  switch (cell.type) {
    case sql::Type::Null:
      break;
    case sql::Type::Bool:
      out.push_back(cell.integer != 0 ? 't' : 'f');
      break;
    case sql::Type::Integer:
      append_number(cell.integer, out);
      break;
    case sql::Type::Double:
      append_number(cell.real, out);
      break;
    case sql::Type::Time:
      out.append(sql::to_text(sql::Timestamp(std::chrono::microseconds(cell.integer))));
      break;
    case sql::Type::Text:
    case sql::Type::Bytes:
      out.append(cell.text);
      break;
  }
}

}  // namespace

void Parameters::set(const sql::Cells& cells, std::size_t begin, std::size_t count) {
  text_.clear();
  values_.assign(count, nullptr);
  lengths_.assign(count, 0);
  formats_.assign(count, 0);
  std::vector<int>& offsets = lengths_;
  for (std::size_t i = 0; i < count; ++i) {
    const sql::Cell cell = cells[begin + i];
    offsets[i] = static_cast<int>(text_.size());
    append(cell, text_);
    // libpq looks for the end of texts.
    text_.push_back('\0');
    formats_[i] = cell.type == sql::Type::Bytes ? 1 : 0;
  }
  // The texts do not move any more.
  for (std::size_t i = 0; i < count; ++i) {
    const sql::Cell cell = cells[begin + i];
    if (cell.type != sql::Type::Null) values_[i] = text_.data() + offsets[i];
    lengths_[i] = static_cast<int>(cell.text.size());
  }
}

}  // namespace weft::postgres
