#include "weft/edge/files/internal/selection.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "weft/base/text/ascii.h"
#include "weft/rpc/http/media_range.h"

namespace weft::edge {
namespace {

using rpc::HttpField;
using rpc::HttpHead;

bool has_field(const HttpHead& head, std::string_view name) noexcept {
  return std::any_of(head.fields.begin(), head.fields.end(),
                     [&](const HttpField& field) { return field.name == name; });
}

enum class Compare : std::uint8_t { Strong, Weak };

/// Whether a list of entity tags has `etag`, or is "*" (RFC 9110 section 8.8.3).
bool names(std::string_view list, std::string_view etag, Compare how) noexcept {
  if (ascii::trimmed(list) == "*") return true;
  while (!list.empty()) {
    const std::size_t begin = list.find('"');
    if (begin == std::string_view::npos) return false;
    const std::size_t end = list.find('"', begin + 1);
    if (end == std::string_view::npos) return false;
    const bool is_weak = begin >= 2 && list.substr(begin - 2, 2) == "W/";
    if (list.substr(begin, end + 1 - begin) == etag && (how == Compare::Weak || !is_weak)) {
      return true;
    }
    list.remove_prefix(end + 1);
  }
  return false;
}

bool any_names(const HttpHead& head, std::string_view field, std::string_view etag,
               Compare how) noexcept {
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const HttpField& one) {
    return one.name == field && names(one.value, etag, how);
  });
}

/// Whether If-Range lets a part be sent.
bool is_same(const HttpHead& head, const Representation& representation) noexcept {
  if (!has_field(head, "if-range")) return true;
  const std::string_view condition = ascii::trimmed(head.field("if-range"));
  return condition == representation.etag ||
         (!representation.modified.empty() && condition == representation.modified);
}

/// Digits only; a number that is too large counts as the largest.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

Selection part(std::uint64_t first, std::uint64_t size) noexcept {
  return {.answer = Selection::Answer::Part, .first = first, .size = size};
}

/// "bytes=0-99", "bytes=100-" or "bytes=-100"; the whole for what is none of these.
Selection select_range(std::string_view range, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  const Selection whole{.size = size};
  if (!ascii::equal_without_case(range.substr(0, kUnit.size()), kUnit)) return whole;
  range = ascii::trimmed(range.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::optional<std::uint64_t> first = number(range.substr(0, dash));
  const std::optional<std::uint64_t> last = number(range.substr(dash + 1));
  const Selection none{.answer = Selection::Answer::NotSatisfiable};
  if (dash == 0) {
    if (!last) return whole;
    const std::uint64_t length = std::min(*last, size);
    return length == 0 ? none : part(size - length, length);
  }
  const bool is_open = dash + 1 == range.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return whole;
  if (*first >= size) return none;
  return part(*first, (is_open ? size - 1 : std::min(*last, size - 1)) - *first + 1);
}

}  // namespace

Selection select(const HttpHead& head, const Representation& representation) {
  const Selection not_modified{.answer = Selection::Answer::NotModified};
  // The order is that of section 13.2.2.
  if (has_field(head, "if-match") &&
      !any_names(head, "if-match", representation.etag, Compare::Strong)) {
    return {.answer = Selection::Answer::PreconditionFailed};
  }
  if (has_field(head, "if-none-match")) {
    if (any_names(head, "if-none-match", representation.etag, Compare::Weak)) return not_modified;
  } else if (!representation.modified.empty() &&
             ascii::trimmed(head.field("if-modified-since")) == representation.modified) {
    return not_modified;
  }
  if (head.method == "GET" && has_field(head, "range") && is_same(head, representation)) {
    return select_range(ascii::trimmed(head.field("range")), representation.size);
  }
  return {.size = representation.size};
}

bool accepts_gzip(const HttpHead& head) noexcept {
  int any = 0;
  for (const HttpField& field : head.fields) {
    if (field.name != "accept-encoding") continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const rpc::MediaRange one = rpc::take_media_range(list);
      if (ascii::equal_without_case(one.type, "gzip")) return one.quality > 0;
      if (one.type == "*") any = one.quality;
    }
  }
  return any > 0;
}

}  // namespace weft::edge
