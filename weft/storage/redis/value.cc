#include "weft/storage/redis/value.h"

#include <ostream>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"

namespace weft::redis {
namespace {

void write_elements(std::ostream& out, const ValueView& value) {
  std::size_t index = 0;
  for (const ValueView element : value) {
    const bool is_value_of_entry = value.type() == Type::Map && index % 2 == 1;
    if (index++ != 0) out << (is_value_of_entry ? ": " : ", ");
    out << element;
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ValueView& value) {
  switch (value.type()) {
    case Type::Null:
      return out << "null";
    case Type::Bool:
      return out << (value.integer() != 0 ? "true" : "false");
    case Type::Integer:
      return out << value.integer();
    case Type::Double:
      return out << value.real();
    case Type::BigNumber:
      return out << cut_text(value.text());
    case Type::Text:
      return out << '"' << printable(cut_text(value.text())) << '"';
    case Type::Error:
      return out << "error \"" << printable(cut_text(value.text())) << '"';
    case Type::Map:
      out << '{';
      write_elements(out, value);
      return out << '}';
    case Type::Array:
    case Type::Set:
    case Type::Push:
      break;
  }
  out << '[';
  write_elements(out, value);
  return out << ']';
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << value.view(); }

std::string description_of(const ValueView& value) {
  const std::string size = std::to_string(value.size());
  switch (value.type()) {
    case Type::Null:
      return "null";
    case Type::Bool:
      return "a bool";
    case Type::Integer:
      return "an integer";
    case Type::Double:
      return "a double";
    case Type::BigNumber:
      return "a big number";
    case Type::Text:
      return "text";
    case Type::Error:
      return "an error";
    case Type::Array:
      return "an array of " + size;
    case Type::Set:
      return "a set of " + size;
    case Type::Map:
      return "a map of " + std::to_string(value.size() / 2);
    case Type::Push:
      return "a push of " + size;
  }
  return "unknown";
}

}  // namespace weft::redis
