#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/security/authenticator.h"

namespace weft::security {

/// What is kept of a key: not the key, but its hash.
struct ApiKeyRecord {
  std::string id{};
  /// SHA-256 of the whole key, 64 hexadecimal digits. Keys are random and long, so that no slow
  /// hash is needed, as passwords need one.
  std::string sha256{};
  std::string subject{};
  std::vector<std::string> roles{};
  /// Nothing: it does not end by itself.
  std::optional<std::chrono::system_clock::time_point> expires{};
};

/// A key as its owner gets it, once, and its record.
struct NewApiKey {
  std::string key;  ///< "shop_2f6a…_9c41…": prefix, id, 256 random bits
  ApiKeyRecord record;
};

/// `prefix` says in logs and to scanners of secrets whose key this is: 1 to 20 letters, digits and
/// hyphens, else INVALID_ARGUMENT.
Result<NewApiKey> make_api_key(std::string_view prefix, std::string subject,
                               std::vector<std::string> roles = {});

struct ApiKeyOptions {
  /// The field of metadata with the key. `authorization: Bearer` is where tokens are.
  std::string field = "x-api-key";
  /// Asked for the ids that set() has not named, for keys in a database: the record; nothing where
  /// there is no such key. Empty: there is nowhere else to look.
  std::function<Task<Result<std::optional<ApiKeyRecord>>>(std::string id)> look_up{};
  /// How long each loop remembers what look_up said of a right key, which therefore may work so
  /// much longer than it exists, and of ids that there are not, so that a new key may be refused so
  /// long where it was asked for before. Zero: it is asked for each call.
  Duration remember = std::chrono::seconds(10);
  /// How often a second each loop asks look_up for keys that were not right before; a second's
  /// worth may come at once. Calls beyond get RESOURCE_EXHAUSTED. Keys that were right on this loop
  /// are not counted (the last 4,096 of them, and none where `remember` is zero), so that nobody
  /// shuts their owners out by guessing. An owner whom the loop has not seen yet shares the
  /// look-ups with those who guess: rate_limit() with by_peer() in front bounds what one address
  /// may try.
  std::size_t max_look_ups = 100;
  /// What time it is; empty: the system's clock. For tests.
  std::function<std::chrono::system_clock::time_point()> now{};
};

/// What look_up was asked so far, on all loops.
struct ApiKeyStats {
  std::uint64_t look_ups = 0;
  std::uint64_t refused = 0;  ///< calls beyond ApiKeyOptions::max_look_ups
};

/// Takes API keys, from a list that may change while calls run, from a database, or both. The
/// principal has the scheme "api-key", the record's subject and roles, and the id as a claim "id".
///
///     auto keys = security::ApiKeys::make();
///     weft::Status read = keys->set(text);               // from any thread, then and later
///     server.use(weft::authentication(keys));
///
/// The text is JSON: {"keys": [{"id": "…", "sha256": "…", "subject": "billing",
/// "roles": ["reader"], "expires": "2027-01-01T00:00:00Z"}]}.
class ApiKeys : public Authenticator {
 public:
  static std::shared_ptr<ApiKeys> make(ApiKeyOptions options = {});

  /// Takes the place of the keys there were: one that is missing is revoked for the next call.
  /// INVALID_ARGUMENT naming each thing that is wrong, and then nothing changes.
  virtual Status set(std::string_view json) = 0;
  /// From any thread.
  virtual ApiKeyStats stats() const noexcept = 0;
};

}  // namespace weft::security
