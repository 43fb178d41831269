#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weft/net/loop/loop.h"

namespace weft::nats {

/// 128 bits that cannot be guessed: whoever knows a call's may answer it.
using Token = std::array<std::uint64_t, 2>;
struct TokenHash {
  /// They are random as they are.
  std::size_t operator()(const Token& token) const noexcept { return token[0]; }
};
Token make_token(net::Loop& loop);
/// 32 hexadecimal digits.
std::string hex_of(const Token& token);

/// Where the replies to a client's calls go: a subject of its own, with a token for each call.
///
///     _INBOX.<32 hexadecimal digits>.<32 hexadecimal digits>
class Inbox {
 public:
  explicit Inbox(net::Loop& loop);

  /// What the client subscribes to.
  std::string all() const { return prefix_ + "*"; }
  std::string subject_of(const Token& token) const;
  /// Nothing where a subject is none of this inbox.
  std::optional<Token> token_of(std::string_view subject) const noexcept;

 private:
  std::string prefix_;
};

}  // namespace weft::nats
