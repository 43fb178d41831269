#include "weft/storage/postgres/internal/first_word.h"

#include <algorithm>
#include <array>
#include <string>

#include "weft/base/text/ascii.h"

namespace weft::postgres {
namespace {

// Bind's Int16 of PostgreSQL's protocol.
constexpr std::size_t kMostParameters = 65535;
// Values travel with an Int32 of their size.
constexpr std::size_t kLargestValue = std::size_t{1} << 30;

/// Behind a comment that `text` begins with: to the end of the line, or one that may have others
/// in it.
std::string_view behind_comment(std::string_view text) noexcept {
  if (text.starts_with("--")) return text.substr(std::min(text.find('\n'), text.size()));
  int depth = 0;
  do {
    if (text.starts_with("/*") || text.starts_with("*/")) {
      depth += text[0] == '/' ? 1 : -1;
      text.remove_prefix(2);
    } else {
      text.remove_prefix(1);
    }
  } while (depth > 0 && !text.empty());
  return text;
}

/// The first word of `text`, which then begins behind it.
std::string_view take_word(std::string_view& text) noexcept {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n\f\v(;"), text.size()));
    if (!text.starts_with("--") && !text.starts_with("/*")) break;
    text = behind_comment(text);
  }
  const auto end = std::find_if_not(text.begin(), text.end(),
                                    [](char c) { return ascii::is_lower(ascii::lower(c)); });
  const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

std::string_view first_word(std::string_view text) noexcept { return take_word(text); }

template <std::size_t kCount>
bool is_one_of(std::string_view word, const std::array<std::string_view, kCount>& words) noexcept {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view one) { return ascii::equal_without_case(word, one); });
}

Status check_values(const sql::Cells& cells) {
  if (cells.memory() > kLargestValue) {
    return invalid_argument("the parameters take " + std::to_string(cells.memory()) +
                            " bytes; the limit is " + std::to_string(kLargestValue));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const sql::Cell cell = cells[i];
    if (cell.type == sql::Type::Text && cell.text.find('\0') != std::string_view::npos) {
      return invalid_argument("parameter " + std::to_string(i + 1) +
                              ": text of PostgreSQL has no NUL; give it as Bytes");
    }
  }
  return {};
}

}  // namespace

bool ends_prepared(std::string_view text) noexcept {
  const std::string_view verb = take_word(text);
  return (ascii::equal_without_case(verb, "commit") ||
          ascii::equal_without_case(verb, "rollback")) &&
         ascii::equal_without_case(take_word(text), "prepared");
}

Status check_statement(const sql::Statement& statement) {
  constexpr std::array<std::string_view, 10> kNotForRun{
      "begin", "start",     "commit",  "end",  "rollback",
      "abort", "savepoint", "release", "copy", "prepare"};
  const std::string& text = statement.text();
  const std::string_view word = first_word(text);
  if (word.empty() && text.find_first_not_of(" \t\r\n\f") == std::string::npos) {
    return invalid_argument("the statement is empty");
  }
  if (text.find('\0') != std::string::npos) return invalid_argument("the statement has a NUL");
  if (is_one_of(word, kNotForRun) && !ends_prepared(text)) {
    return invalid_argument(std::string(word) +
                            " is not for run(); begin() makes a transaction, which commit() and "
                            "rollback() end, and statements are prepared by themselves");
  }
  if (statement.parameters_each() > kMostParameters) {
    return invalid_argument("the statement has " + std::to_string(statement.parameters_each()) +
                            " parameters; the limit is " + std::to_string(kMostParameters));
  }
  return check_values(statement.parameters());
}

Job::Sharing sharing_of(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 6> kShared{"select", "insert", "update",
                                                    "delete", "with",   "values"};
  return is_one_of(first_word(text), kShared) ? Job::Sharing::Pipelined : Job::Sharing::Alone;
}

Job::Lost lost_of(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 3> kQueries{"select", "values", "show"};
  return is_one_of(first_word(text), kQueries) ? Job::Lost::Nothing : Job::Lost::OutcomeUnknown;
}

}  // namespace weft::postgres
