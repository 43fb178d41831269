#include "weft/storage/postgres/internal/values.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "weft/storage/sql/timestamp.h"

namespace weft::postgres {
namespace {

// pg_type.dat of PostgreSQL: these never change.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kOid = 26;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kTimestamp = 1114;
constexpr Oid kTimestampTz = 1184;

template <class T>
std::optional<T> number_of(std::string_view text) noexcept {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// "\x" and two digits a byte (bytea_output = hex).
std::optional<std::string> bytes_of(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

bool add_typed(Oid type, std::string_view text, sql::Cells& into) {
  switch (type) {
    case kBool:
      if (text == "t" || text == "f") return into.add_bool(text == "t"), true;
      return false;
    case kInt8:
    case kInt4:
    case kInt2:
    case kOid:
      if (const auto value = number_of<std::int64_t>(text)) return into.add_integer(*value), true;
      return false;
    case kFloat8:
    case kFloat4:
      if (const auto value = number_of<double>(text)) return into.add_double(*value), true;
      return false;
    case kTimestamp:
    case kTimestampTz:
      if (const auto time = sql::timestamp_of(text)) return into.add_time(*time), true;
      return false;
    case kBytea:
      if (const auto bytes = bytes_of(text)) return into.add_bytes(*bytes), true;
      return false;
    default:
      return false;
  }
}

}  // namespace

void add_value(Oid type, std::string_view text, sql::Cells& into) {
  if (!add_typed(type, text, into)) into.add_text(text);
}

void add_rows(const PGresult* result, sql::Cells& into) {
  const int columns = PQnfields(result);
  const int rows = PQntuples(result);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        into.add_null();
        continue;
      }
      const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
      add_value(PQftype(result, column), {PQgetvalue(result, row, column), size}, into);
    }
  }
}

std::shared_ptr<const sql::ColumnNames> names_of(const PGresult* result) {
  auto names = std::make_shared<sql::ColumnNames>();
  for (int column = 0; column < PQnfields(result); ++column) {
    names->emplace_back(PQfname(result, column));
  }
  return names;
}

}  // namespace weft::postgres
