#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"

// How records of an audit file are chained. A line is
//
//     {"seq":12,…,"prev":"<hash of line 11>","hash":"<hash>"}
//
// and its hash is that of its bytes in front of `,"hash"`, so `prev` is part of it.
namespace weft::security::internal {

inline constexpr int kAuditVersion = 1;
/// Of a line, with its end. Of what is written, 12 KiB are the most.
inline constexpr std::size_t kMostAuditLine = 64 * 1024;

using AuditHash = std::array<std::uint8_t, 32>;
std::string to_hex(const AuditHash& hash);

/// Hashes lines: SHA-256, or HMAC-SHA-256 with a key.
class AuditHasher {
 public:
  /// Reads the key, and blocks for it; empty: none. INVALID_ARGUMENT where it has less than 32
  /// bytes, UNAVAILABLE where it cannot be read.
  static Result<AuditHasher> make(const std::string& key_file);

  AuditHash operator()(std::string_view text) const;
  /// As the files name it: "sha256" or "hmac-sha256".
  std::string_view name() const noexcept { return key_.empty() ? "sha256" : "hmac-sha256"; }

 private:
  std::string key_;
};

/// Where a chain is: the last record.
struct AuditPoint {
  std::uint64_t seq = 0;  // 0: before the first
  AuditHash hash{};
  /// "312:5f2c…"
  std::string text() const { return std::to_string(seq) + ":" + to_hex(hash); }
};
/// Nothing for what is no point's text.
std::optional<AuditPoint> parse_point(std::string_view text);

/// Appends a line with `members` ("\"event\":\"call\",…"), and moves `last` on to it.
void append_line(std::string& out, std::string_view members, const AuditHasher& hasher,
                 AuditPoint& last);

/// A line, taken apart.
struct AuditLine {
  std::uint64_t seq = 0;
  AuditHash prev{};
  AuditHash hash{};
  std::string_view hashed;   ///< what the hash is of
  std::string_view members;  ///< what append_line() was given
};
/// Of a line without its end; nothing where it has another form.
std::optional<AuditLine> parse_line(std::string_view line);

/// What the first line of a file says, which a start has written. FAILED_PRECONDITION for a newer
/// version, and where it names another hash than `hasher`'s; DATA_LOSS where it says neither.
Status check_start(const AuditLine& line, const AuditHasher& hasher);

}  // namespace weft::security::internal
