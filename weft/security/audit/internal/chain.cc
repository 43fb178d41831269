#include "weft/security/audit/internal/chain.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "weft/base/text/number_text.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/security/credentials/internal/token_file.h"

namespace weft::security::internal {
namespace {

constexpr std::size_t kLeastKey = 32;
constexpr std::string_view kSeq = R"({"seq":)";
constexpr std::string_view kPrev = R"(,"prev":")";
constexpr std::string_view kHash = R"(","hash":")";
constexpr std::string_view kEnd = R"("})";
constexpr std::size_t kHexSize = 2 * std::tuple_size_v<AuditHash>;
constexpr std::size_t kTailSize = kPrev.size() + kHexSize + kHash.size() + kHexSize + kEnd.size();

std::optional<AuditHash> from_hex(std::string_view text) noexcept {
  AuditHash hash{};
  if (text.size() != kHexSize) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, hash[i], 16).ptr != at + 2) return std::nullopt;
  }
  // One form only: what differs in case is no hash of ours.
  return to_hex(hash) == text ? std::optional(hash) : std::nullopt;
}

/// The digits at the beginning of `text`, which are cut off; one form only.
std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '0') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view expected) noexcept {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

std::string to_hex(const AuditHash& hash) {
  std::string text;
  append_hex(text, hash);
  return text;
}

Result<AuditHasher> AuditHasher::make(const std::string& key_file) {
  AuditHasher hasher;
  if (key_file.empty()) return hasher;
  Result<std::string> key = read_secret_file(key_file);
  if (!key.ok()) return std::move(key).status();
  if (key->size() < kLeastKey) {
    return invalid_argument("the key in " + key_file + " has " + std::to_string(key->size()) +
                            " bytes; the least is " + std::to_string(kLeastKey));
  }
  hasher.key_ = *std::move(key);
  return hasher;
}

AuditHash AuditHasher::operator()(std::string_view text) const {
  AuditHash hash{};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  unsigned size = 0;
  const bool done =
      key_.empty() ? EVP_Digest(bytes, text.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1
                   : HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes,
                          text.size(), hash.data(), &size) != nullptr;
  if (!done) throw std::runtime_error("OpenSSL makes no SHA-256");
  return hash;
}

std::optional<AuditPoint> parse_point(std::string_view text) {
  const std::optional<std::uint64_t> seq = text.empty() ? std::nullopt : take_number(text);
  if (!seq || !take(text, ":")) return std::nullopt;
  const std::optional<AuditHash> hash = from_hex(text);
  if (!hash) return std::nullopt;
  return AuditPoint{*seq, *hash};
}

void append_line(std::string& out, std::string_view members, const AuditHasher& hasher,
                 AuditPoint& last) {
  const std::size_t begin = out.size();
  out.append(kSeq).append(std::to_string(last.seq + 1)).append(",").append(members);
  out.append(kPrev).append(to_hex(last.hash)).append("\"");
  last = {last.seq + 1, hasher(std::string_view(out).substr(begin))};
  out.append(kHash.substr(1)).append(to_hex(last.hash)).append(kEnd).append("\n");
}

std::optional<AuditLine> parse_line(std::string_view line) {
  if (line.size() < kTailSize) return std::nullopt;
  AuditLine parsed;
  std::string_view tail = line.substr(line.size() - kTailSize);
  std::string_view head = line.substr(0, line.size() - kTailSize);
  parsed.hashed = line.substr(0, head.size() + kPrev.size() + kHexSize + 1);
  if (!take(head, kSeq) || head.empty()) return std::nullopt;
  const std::optional<std::uint64_t> seq = take_number(head);
  if (!seq || !take(head, ",") || !take(tail, kPrev)) return std::nullopt;
  const std::optional<AuditHash> prev = from_hex(tail.substr(0, kHexSize));
  tail.remove_prefix(kHexSize);
  if (!prev || !take(tail, kHash)) return std::nullopt;
  const std::optional<AuditHash> hash = from_hex(tail.substr(0, kHexSize));
  if (!hash || tail.substr(kHexSize) != kEnd) return std::nullopt;
  parsed.seq = *seq;
  parsed.prev = *prev;
  parsed.hash = *hash;
  parsed.members = head;
  return parsed;
}

Status check_start(const AuditLine& line, const AuditHasher& hasher) {
  std::string_view rest = line.members;
  if (!take(rest, R"("event":"start","version":)")) {
    return data_loss("the file does not begin with the record of a start");
  }
  const std::optional<std::uint64_t> version = rest.empty() ? std::nullopt : take_number(rest);
  if (!version || !take(rest, R"(,"chain":")")) {
    return data_loss("the record of the start has no version");
  }
  if (*version > kAuditVersion) {
    return failed_precondition("the file has version " + std::to_string(*version) +
                               "; this program knows " + std::to_string(kAuditVersion));
  }
  const std::string_view chain = rest.substr(0, rest.find('"'));
  if (chain == hasher.name()) return {};
  return failed_precondition("the file is chained by " + printable(cut_text(chain)) +
                             ", and not by " + std::string(hasher.name()) +
                             ": it belongs to another key_file, or to none");
}

}  // namespace weft::security::internal
