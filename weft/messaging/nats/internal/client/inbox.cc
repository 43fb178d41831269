#include "weft/messaging/nats/internal/client/inbox.h"

#include "weft/base/text/ascii.h"
#include "weft/net/socket/secret.h"

namespace weft::nats {
namespace {

constexpr std::size_t kDigits = 16;  // of a word

void append_hex(std::string& out, const Token& token) {
  for (const std::uint64_t word : token) {
    for (std::size_t i = kDigits; i-- > 0;) out += "0123456789abcdef"[word >> (4 * i) & 15];
  }
}

}  // namespace

std::string hex_of(const Token& token) {
  std::string text;
  append_hex(text, token);
  return text;
}

Token make_token(net::Loop& loop) { return {net::secret(loop), net::secret(loop)}; }

Inbox::Inbox(net::Loop& loop) : prefix_("_INBOX.") {
  append_hex(prefix_, make_token(loop));
  prefix_ += '.';
}

std::string Inbox::subject_of(const Token& token) const {
  std::string subject = prefix_;
  append_hex(subject, token);
  return subject;
}

std::optional<Token> Inbox::token_of(std::string_view subject) const noexcept {
  if (!subject.starts_with(prefix_)) return std::nullopt;
  subject.remove_prefix(prefix_.size());
  if (subject.size() != 2 * kDigits) return std::nullopt;
  Token token{};
  for (std::size_t i = 0; i < subject.size(); ++i) {
    const int digit = ascii::hex_value(subject[i]);
    if (digit < 0) return std::nullopt;
    token[i / kDigits] = token[i / kDigits] << 4 | static_cast<std::uint64_t>(digit);
  }
  return token;
}

}  // namespace weft::nats
