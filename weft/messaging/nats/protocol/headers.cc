#include "weft/messaging/nats/protocol/headers.h"

#include <algorithm>

#include "weft/base/text/ascii.h"

namespace weft::nats {
namespace {

constexpr std::string_view kVersion = "NATS/1.0";

bool is_name(std::string_view name) noexcept {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_value(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
  });
}

}  // namespace

HeaderReader::HeaderReader(std::string_view block) noexcept : rest_(block) {
  const std::optional<std::string_view> first = take_line();
  if (!first || !first->starts_with(kVersion)) {
    well_formed_ = false;
    return;
  }
  const std::string_view status = ascii::trimmed(first->substr(kVersion.size()));
  for (const char c : status.substr(0, std::min(status.find(' '), std::size_t{3}))) {
    if (!ascii::is_digit(c)) {
      well_formed_ = false;
      return;
    }
    status_ = status_ * 10 + static_cast<unsigned>(c - '0');
  }
}

std::optional<std::string_view> HeaderReader::take_line() noexcept {
  const std::size_t end = rest_.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 2);
  return line;
}

std::optional<Header> HeaderReader::next() noexcept {
  if (!well_formed_) return std::nullopt;
  const std::optional<std::string_view> line = take_line();
  // The block ends with an empty line and nothing behind it.
  if (line && line->empty() && rest_.empty()) {
    rest_ = kHeadersEnd;
    return std::nullopt;
  }
  const std::size_t colon = line ? line->find(':') : std::string_view::npos;
  if (colon == std::string_view::npos) {
    well_formed_ = false;
    return std::nullopt;
  }
  const Header header{line->substr(0, colon), ascii::trimmed(line->substr(colon + 1))};
  well_formed_ = is_name(header.name) && is_value(header.value);
  if (!well_formed_) return std::nullopt;
  return header;
}

}  // namespace weft::nats
