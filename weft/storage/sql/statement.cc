#include "weft/storage/sql/statement.h"

namespace weft::sql {

void Statement::note_too_large(std::uint64_t value) {
  if (!status_.ok()) return;
  status_ = invalid_argument("parameter $" + std::to_string(cells_.size() + 1) + ": " +
                             std::to_string(value) +
                             " is above 9223372036854775807, the largest integer of SQL");
}

void Statement::note_uneven(std::size_t given) {
  if (!status_.ok()) return;
  status_ = invalid_argument("set " + std::to_string(sets_) + " of the parameters has " +
                             std::to_string(given) + ", the sets before it have " +
                             std::to_string((cells_.size() - given) / (sets_ - 1)));
}

}  // namespace weft::sql
