#pragma once

#include <string>
#include <vector>

#include "weft/storage/sql/cells.h"

namespace weft::postgres {

/// One set of a statement's parameters as libpq takes them: text, whose type PostgreSQL infers, and
/// bytes as they are. Kept to be used again. Points into the cells, which outlive a use.
class Parameters {
 public:
  /// The cells from `begin` to `begin + count`.
  void set(const sql::Cells& cells, std::size_t begin, std::size_t count);

  int count() const noexcept { return static_cast<int>(values_.size()); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  std::string text_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace weft::postgres
