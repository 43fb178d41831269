#include "weft/storage/sqlite/internal/prepared.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sqlite3.h>

namespace weft::sqlite {
namespace {

/// "$3" or "?3" is parameter 2 of the caller's; one without a number is the next.
std::size_t place_of(const char* name, std::size_t next) noexcept {
  if (name == nullptr) return next;
  std::size_t number = 0;
  for (const char* digit = name + 1; *digit != '\0'; ++digit) {
    if (*digit < '0' || *digit > '9' || number > 99999) return next;
    number = number * 10 + static_cast<std::size_t>(*digit - '0');
  }
  return number == 0 ? next : number - 1;
}

int bind_cell(sqlite3_stmt* statement, int index, const sql::Cell& cell) {
  switch (cell.type) {
    case sql::Type::Null:
      return sqlite3_bind_null(statement, index);
    case sql::Type::Bool:
    case sql::Type::Integer:
      return sqlite3_bind_int64(statement, index, cell.integer);
    case sql::Type::Double:
      return sqlite3_bind_double(statement, index, cell.real);
    case sql::Type::Text:
      return sqlite3_bind_text64(statement, index, cell.text.data(), cell.text.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    case sql::Type::Bytes:
      // A null pointer would be NULL.
      return sqlite3_bind_blob64(statement, index, cell.text.empty() ? "" : cell.text.data(),
                                 cell.text.size(), SQLITE_STATIC);
    case sql::Type::Time: {
      const std::string text =
          sql::to_text(sql::Timestamp(std::chrono::microseconds(cell.integer)));
      return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    }
  }
  return SQLITE_MISUSE;
}

}  // namespace

Prepared::Prepared(sqlite3_stmt* statement, std::string text)
    : statement_(statement), text_(std::move(text)) {
  const int count = sqlite3_bind_parameter_count(statement_);
  for (int index = 1; index <= count; ++index) {
    const std::size_t place =
        place_of(sqlite3_bind_parameter_name(statement_, index), order_.size());
    order_.push_back(place);
    takes_ = std::max(takes_, place + 1);
  }
}

Prepared::~Prepared() { sqlite3_finalize(statement_); }

Status Prepared::check(const sql::Statement& statement) const {
  const std::size_t given = statement.parameters_each();
  if (given == takes_) return {};
  return invalid_argument("the statement takes " + std::to_string(takes_) + " parameters, " +
                          std::to_string(given) + " were given: " + text_.substr(0, 200));
}

int Prepared::bind(const sql::Statement& statement, std::size_t run) {
  const std::size_t first = run * takes_;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const sql::Cell cell = statement.parameters()[first + order_[i]];
    const int code = bind_cell(statement_, static_cast<int>(i) + 1, cell);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

void Prepared::reset() noexcept {
  sqlite3_reset(statement_);
  if (!order_.empty()) sqlite3_clear_bindings(statement_);
}

bool Prepared::only_reads() const noexcept { return sqlite3_stmt_readonly(statement_) != 0; }

const std::shared_ptr<const sql::ColumnNames>& Prepared::names() {
  const int again = sqlite3_stmt_status(statement_, SQLITE_STMTSTATUS_REPREPARE, 0);
  if (names_ != nullptr && again == compiled_again_) return names_;
  compiled_again_ = again;
  auto names = std::make_shared<sql::ColumnNames>();
  const int count = sqlite3_column_count(statement_);
  for (int column = 0; column < count; ++column) {
    const char* const name = sqlite3_column_name(statement_, column);
    names->emplace_back(name == nullptr ? "" : name);
  }
  names_ = std::move(names);
  return names_;
}

Prepared* PreparedCache::find(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return nullptr;
  used_.splice(used_.begin(), used_, found->second);
  return found->second->get();
}

Prepared& PreparedCache::add(std::unique_ptr<Prepared> prepared) {
  used_.push_front(std::move(prepared));
  by_text_.emplace(used_.front()->text(), used_.begin());
  // The one that was just added stays, whatever `most` says: it is about to run.
  if (used_.size() > std::max<std::size_t>(most_, 1)) {
    by_text_.erase(used_.back()->text());
    used_.pop_back();
  }
  return *used_.front();
}

void PreparedCache::clear() noexcept {
  by_text_.clear();
  used_.clear();
}

}  // namespace weft::sqlite
