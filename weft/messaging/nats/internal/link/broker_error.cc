#include "weft/messaging/nats/internal/link/broker_error.h"

#include <string>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"

namespace weft::nats {
namespace {

bool begins_with(std::string_view text, std::string_view beginning) noexcept {
  return ascii::equal_without_case(text.substr(0, beginning.size()), beginning);
}

constexpr std::string_view kNotPublished = "Permissions Violation for Publish to \"";

StatusCode code_of(std::string_view text) noexcept {
  // "Authorization Violation", "Authorization Timeout", "Authentication Timeout",
  // "User Authentication Expired", "Account Authentication Revoked", ...
  if (begins_with(text, "Authorization") || text.find("uthentication") != std::string_view::npos) {
    return StatusCode::Unauthenticated;
  }
  if (begins_with(text, "maximum")) return StatusCode::ResourceExhausted;
  return StatusCode::Unavailable;
}

}  // namespace

Status broker_error(std::string_view text) {
  const StatusCode code = code_of(text);
  const std::string_view what = code == StatusCode::Unauthenticated
                                    ? "the broker refused the credentials: "
                                    : "the broker said: ";
  return Status(code, std::string(what) + log_value(text), Origin::Transport);
}

std::string_view forbidden_subject(std::string_view text) noexcept {
  if (!begins_with(text, kNotPublished)) return {};
  text.remove_prefix(kNotPublished.size());
  return text.substr(0, text.find('"'));
}

bool is_harmless(std::string_view text) noexcept {
  return begins_with(text, "Permissions Violation") || begins_with(text, "Invalid Subject") ||
         begins_with(text, "Invalid Publish Subject");
}

}  // namespace weft::nats
