#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/security/jwt/jwt_algorithm.h"

namespace weft::security {

/// How a set is read.
struct JwkReading {
  enum class Of : std::uint8_t {
    Issuer,
    /// Only keys with "use": "jwt-svid" and an id count (SPIFFE Trust Domain and Bundle, section
    /// 4.2.2): the others sign certificates, or are not known.
    SpiffeBundle,
  };
  Of of = Of::Issuer;
  /// Gets what is wrong with each key that is passed over, so that one odd key does not take the
  /// others away. Null: a key that is broken makes the set wrong. A key of a bundle without an id,
  /// or whose "use" is neither of SPIFFE's, is passed over in both cases.
  std::vector<std::string>* passed_over = nullptr;
};

/// The public keys of an issuer: a JSON Web Key Set (RFC 7517 section 5). Copies share the keys;
/// they may be used by several threads.
class JwkSet {
 public:
  /// INVALID_ARGUMENT naming what is wrong: of the text as a whole, more than 100 keys, a key that
  /// is broken or private (but see JwkReading::passed_over), keys of which none counts. Keys for
  /// encryption, and of kinds that no JwtAlgorithm has, are passed over (RFC 7517 section 5).
  static Result<JwkSet> parse(std::string_view json, const JwkReading& how = {});

  std::size_t size() const noexcept;

  enum class Verdict : std::uint8_t { Valid, Invalid, UnknownKey };
  /// Whether one of these keys made `signature` over `text`. With an `id` only keys that have it
  /// are tried, without one every key of the algorithm's kind, three at most. UnknownKey: there was
  /// none to try.
  Verdict verify(JwtAlgorithm algorithm, std::string_view id, std::string_view text,
                 std::string_view signature) const;

 private:
  struct Key;
  static Result<std::optional<Key>> read(std::string_view json, const JwkReading& how);
  std::shared_ptr<const std::vector<Key>> keys_;
};

}  // namespace weft::security
