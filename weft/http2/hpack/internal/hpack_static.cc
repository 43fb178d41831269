#include "weft/http2/hpack/internal/hpack_static.h"

namespace weft::http2 {

namespace {

constexpr std::array<HeaderField, kStaticEntries + 1> kEntries = {{
    {"", ""},
    {":authority", "", Token::Authority},
    {":method", "GET", Token::Method},
    {":method", "POST", Token::Method},
    {":path", "/", Token::Path},
    {":path", "/index.html", Token::Path},
    {":scheme", "http", Token::Scheme},
    {":scheme", "https", Token::Scheme},
    {":status", "200", Token::Status},
    {":status", "204", Token::Status},
    {":status", "206", Token::Status},
    {":status", "304", Token::Status},
    {":status", "400", Token::Status},
    {":status", "404", Token::Status},
    {":status", "500", Token::Status},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", "", Token::Authorization},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", "", Token::ContentLength},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", "", Token::ContentType},
    {"cookie", "", Token::Cookie},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", "", Token::Host},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", "", Token::TransferEncoding},
    {"user-agent", "", Token::UserAgent},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
}};

constexpr auto with_checks_done(std::array<HeaderField, kStaticEntries + 1> entries) {
  for (HeaderField& entry : entries) entry.checked = true;
  return entries;
}

}  // namespace

constexpr std::array<HeaderField, kStaticEntries + 1> kStaticTable = with_checks_done(kEntries);

namespace {

constexpr std::size_t kSlots = 128;

constexpr std::size_t slot_of(std::string_view name) {
  if (name.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  return (name.size() * 7 + at(0) * 3 + at(name.size() - 1) * 5 + at(name.size() / 2)) % kSlots;
}

/// Lowest index by token, and an open hash table for the names that have none.
struct Names {
  std::array<std::uint8_t, kTokenCount> by_token{};
  std::array<std::uint8_t, kSlots> by_slot{};
};

constexpr Names make_names() {
  Names names;
  for (std::size_t i = kStaticEntries; i > 0; --i) {
    const HeaderField& entry = kStaticTable[i];
    if (entry.token != Token::Other) {
      names.by_token[static_cast<std::size_t>(entry.token)] = static_cast<std::uint8_t>(i);
      continue;
    }
    std::size_t slot = slot_of(entry.name);
    while (names.by_slot[slot] != 0) slot = (slot + 1) % kSlots;
    names.by_slot[slot] = static_cast<std::uint8_t>(i);
  }
  return names;
}

constexpr Names kNames = make_names();

}  // namespace

constexpr std::array<std::uint8_t, kTokenCount> kStaticNameOfToken = kNames.by_token;

std::uint32_t static_name(Token token, std::string_view name) noexcept {
  if (token != Token::Other) return kStaticNameOfToken[static_cast<std::size_t>(token)];
  for (std::size_t slot = slot_of(name); kNames.by_slot[slot] != 0; slot = (slot + 1) % kSlots) {
    if (kStaticTable[kNames.by_slot[slot]].name == name) return kNames.by_slot[slot];
  }
  return 0;
}

std::uint32_t static_exact(std::uint32_t first, std::string_view value) noexcept {
  for (std::uint32_t i = first; i <= kStaticEntries; ++i) {
    if (kStaticTable[i].value == value) return i;
    if (i == kStaticEntries || kStaticTable[i + 1].name != kStaticTable[first].name) break;
  }
  return 0;
}

}  // namespace weft::http2
