#include "weft/storage/postgres/internal/postgres_error.h"

#include <algorithm>
#include <string>

#include "weft/base/text/ascii.h"
#include "weft/storage/sql/error.h"

namespace weft::postgres {
namespace {

constexpr std::string_view kProtocolViolation = "08P01";

std::string_view field_of(const PGresult* result, int field) noexcept {
  const char* const text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool has_state(const PGresult* result, std::string_view sqlstate) noexcept {
  return field_of(result, PG_DIAG_SQLSTATE) == sqlstate;
}

ConnectError read_connect_error(std::string_view message) noexcept {
  // The lines that follow are where in the server's code it was, or another try without TLS.
  std::string_view text = trimmed(message.substr(0, message.find('\n')));
  // "connection to server at ... failed: " is said by the server's name already.
  constexpr std::string_view kFailed = " failed: ";
  if (const std::size_t failed = text.find(kFailed); failed != std::string_view::npos) {
    text.remove_prefix(failed + kFailed.size());
  }
  // "FATAL:  28P01: password authentication failed", the first word in the server's language.
  const std::size_t space = text.find(":  ");
  if (space == std::string_view::npos) return {kNoConnection, text};
  const std::string_view rest = text.substr(space + 3);
  const bool has_state = rest.size() > 7 && rest.substr(5, 2) == ": " &&
                         std::all_of(rest.begin(), rest.begin() + 5, [](char c) {
                           return ascii::is_digit(c) || ascii::is_upper(c);
                         });
  if (!has_state) return {kNoConnection, text};
  return {rest.substr(0, 5), rest.substr(7)};
}

Status error_with(std::string_view sqlstate, std::string_view message) {
  sql::ErrorDetail detail;
  detail.database = "postgresql";
  detail.sqlstate = sqlstate;
  return sql::error_status(detail, message, Origin::Transport);
}

Status error_of(const PGresult* result) {
  const std::string_view state = field_of(result, PG_DIAG_SQLSTATE);
  const std::string_view message = field_of(result, PG_DIAG_MESSAGE_PRIMARY);
  // libpq's own errors have no state: the connection failed, or its memory did.
  if (state.empty()) {
    return error_with(kConnectionFailure, trimmed(PQresultErrorMessage(result)));
  }
  // A bind message with another number of parameters; nothing else of ours violates the protocol.
  if (state == kProtocolViolation) return invalid_argument(message);
  sql::ErrorDetail detail;
  detail.database = "postgresql";
  detail.sqlstate = state;
  detail.constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME);
  detail.position = field_of(result, PG_DIAG_STATEMENT_POSITION);
  return sql::error_status(detail, message);
}

}  // namespace weft::postgres
