#include "weft/security/internal/api_key_list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/number_text.h"
#include "weft/codec/schema/text/time_text.h"
#include "weft/middleware/config/json_node.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;
using middleware::JsonNode;
using Hash = std::array<std::uint8_t, SHA256_DIGEST_LENGTH>;

constexpr std::size_t kMostKeys = 100'000;

Hash sha256_of(std::string_view text) noexcept {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

std::optional<Hash> hash_of(std::string_view digits) noexcept {
  Hash hash{};
  if (digits.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = ascii::hex_value(digits[2 * i]);
    const int low = ascii::hex_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return hash;
}

/// RFC 3339; notes what is wrong.
std::optional<std::chrono::system_clock::time_point> time_of(JsonNode node) {
  const std::optional<std::string> text = node.text();
  if (!text) return std::nullopt;
  codec::Seconds time;
  if (!codec::read_time(codec::WellKnown::Timestamp, *text, time)) {
    node.expect(codec::time_form(codec::WellKnown::Timestamp));
    return std::nullopt;
  }
  // The clock of the system goes no further than 2262.
  constexpr std::int64_t kLast = 9'000'000'000;
  return std::chrono::system_clock::time_point(std::chrono::seconds(std::min(time.seconds, kLast)));
}

ApiKeyRecord record_of(JsonNode node) {
  node.allow_only({"id", "sha256", "subject", "roles", "expires"});
  ApiKeyRecord record{.id = node["id"].text().value_or(""),
                      .sha256 = node["sha256"].text().value_or(""),
                      .subject = node["subject"].text().value_or(""),
                      .roles = node["roles"].texts().value_or(std::vector<std::string>()),
                      .expires = time_of(node["expires"])};
  if (record.id.empty()) node.note("needs an \"id\"");
  return record;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  std::string digits;
  append_hex(digits, sha256_of(text));
  return digits;
}

Result<KnownApiKey> KnownApiKey::of(const ApiKeyRecord& record) {
  const std::optional<Hash> hash = hash_of(record.sha256);
  if (!hash) return invalid_argument("needs a \"sha256\" of 64 hexadecimal digits");
  if (record.subject.empty()) return invalid_argument("needs a \"subject\"");
  return KnownApiKey{
      .sha256 = *hash,
      .expires = record.expires,
      .principal = std::make_shared<const Principal>(Principal{.subject = record.subject,
                                                               .scheme = "api-key",
                                                               .roles = record.roles,
                                                               .claims = {{"id", record.id}}})};
}

bool KnownApiKey::is_hash_of(std::string_view key) const noexcept {
  const Hash hash = sha256_of(key);
  return CRYPTO_memcmp(hash.data(), sha256.data(), hash.size()) == 0;
}

Result<ApiKeyList> ApiKeyList::parse(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::parse(json);
  if (!document.ok()) return std::move(document).status();
  const JsonNode root = document->root();
  root.allow_only({"keys"});
  const JsonNode node = root["keys"];
  if (!node.present()) node.expect("a list of keys");
  const std::vector<JsonNode> found = node.list();
  if (found.size() > kMostKeys) {
    return invalid_argument("a list of " + std::to_string(found.size()) +
                            " API keys; at most 100,000 are read: larger ones belong into a "
                            "database (ApiKeyOptions::look_up)");
  }
  ApiKeyList list;
  for (const JsonNode& each : found) {
    if (!each.is_object()) continue;
    const ApiKeyRecord record = record_of(each);
    Result<KnownApiKey> known = KnownApiKey::of(record);
    if (!known.ok()) {
      each.note(known.status().message());
    } else if (!list.keys_.emplace(record.id, *std::move(known)).second) {
      each.note("has the id of another key");
    }
  }
  Status problems = document->problems();
  if (!problems.ok()) return problems;
  return list;
}

const KnownApiKey* ApiKeyList::find(std::string_view id) const noexcept {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace weft::security::internal
