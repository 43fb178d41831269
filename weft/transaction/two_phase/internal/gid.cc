#include "weft/transaction/two_phase/internal/gid.h"

#include <array>
#include <cstdint>
#include <span>

#include "weft/base/text/ascii.h"

namespace weft::transaction::internal {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (ascii::is_alphanumeric(c) || std::string_view("-_.:").find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    if (text.size() - at < 3) return std::nullopt;
    const std::size_t high = kDigits.find(text[at + 1]);
    const std::size_t low = kDigits.find(text[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return out;
}

}  // namespace

Result<std::string> gid_of(const TwoPhaseBranch& branch) {
  std::string gid(kGidPrefix);
  append_encoded(gid, branch.coordinator);
  gid += '/';
  append_encoded(gid, branch.transaction);
  gid += '/';
  append_encoded(gid, branch.name);
  if (gid.size() <= kMostGid) return gid;
  return invalid_argument("branch " + branch.text() + " has a gid of " +
                          std::to_string(gid.size()) + " bytes; PostgreSQL takes " +
                          std::to_string(kMostGid) +
                          ": shorten the transaction's id or the branch's name");
}

std::optional<TwoPhaseBranch> branch_of_gid(std::string_view gid) {
  if (!gid.starts_with(kGidPrefix)) return std::nullopt;
  gid.remove_prefix(kGidPrefix.size());
  std::array<std::string, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? gid.find('/') : gid.size();
    if (end == std::string_view::npos) return std::nullopt;
    std::optional<std::string> part = decoded(gid.substr(0, end));
    if (!part) return std::nullopt;
    parts[i] = *std::move(part);
    gid.remove_prefix(i + 1 < parts.size() ? end + 1 : end);
  }
  TwoPhaseBranch branch(std::move(parts[1]), std::move(parts[2]), std::move(parts[0]));
  if (!check(branch).ok()) return std::nullopt;
  return branch;
}

}  // namespace weft::transaction::internal
