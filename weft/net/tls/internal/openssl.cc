#include "weft/net/tls/internal/openssl.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace weft::net::internal {

std::string take_openssl_errors() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(error);
    if (!text.empty()) text += "; ";
    if (reason != nullptr) {
      text += reason;
    } else {
      std::array<char, 128> buffer{};
      ERR_error_string_n(error, buffer.data(), buffer.size());
      text += buffer.data();
    }
  }
  return text.empty() ? "no cause was given" : text;
}

SystemTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  // Years from 1 to 9999 fit a time_t, not the clock's nanoseconds.
  constexpr auto kLatest = std::chrono::floor<std::chrono::seconds>(SystemTime::max());
  constexpr auto kEarliest = std::chrono::ceil<std::chrono::seconds>(SystemTime::min());
  const std::chrono::sys_seconds seconds{std::chrono::seconds(timegm(&parts))};
  return SystemTime(std::clamp(seconds, kEarliest, kLatest));
}

std::string date_text(SystemTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

}  // namespace weft::net::internal
