#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/security/api_keys.h"

namespace weft::security::internal {

/// 64 digits in lower case.
std::string sha256_hex(std::string_view text);

/// A record as calls are held to it.
struct KnownApiKey {
  /// INVALID_ARGUMENT where the hash is none, or there is no subject.
  static Result<KnownApiKey> of(const ApiKeyRecord& record);
  /// In a time that does not depend on the key.
  bool is_hash_of(std::string_view key) const noexcept;

  std::array<std::uint8_t, 32> sha256{};
  std::optional<std::chrono::system_clock::time_point> expires{};
  PrincipalRef principal{};
};

/// Keys by their ids. Not changed once it is made.
class ApiKeyList {
 public:
  /// What ApiKeys::set() takes; INVALID_ARGUMENT naming each thing that is wrong, among them an id
  /// that comes twice, and more than 100,000 keys.
  static Result<ApiKeyList> parse(std::string_view json);
  /// Null where there is none.
  const KnownApiKey* find(std::string_view id) const noexcept;

 private:
  std::map<std::string, KnownApiKey, std::less<>> keys_;
};

}  // namespace weft::security::internal
