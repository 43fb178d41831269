#include "weft/security/credentials/internal/token_file.h"

#include <optional>
#include <utility>

#include <sys/stat.h>

#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/base/text/printable.h"
#include "weft/middleware/config/json_node.h"
#include "weft/net/loop/offload.h"
#include "weft/security/internal/small_file.h"
#include "weft/security/jwt/internal/base64url.h"
#include "weft/security/jwt/internal/claims.h"

namespace weft::security::internal {
namespace {

using middleware::JsonDocument;

constexpr std::size_t kMostBytes = 16 * 1024;

void warn_if_open_to_all(const std::string& path, ::mode_t mode) {
  if ((mode & S_IROTH) == 0) return;
  static LogOnce once;
  if (once.is_new(path)) {
    log(LogLevel::Warn, printable(path) +
                            " holds a secret, and every user of this machine may "
                            "read it: take away its mode 0004");
  }
}

Result<AccessToken> read(const std::string& path) {
  Result<std::string> text = read_secret_file(path);
  if (!text.ok()) return std::move(text).status();
  const auto expires = expiry_of_jwt(*text);
  if (!expires.ok()) return expires.status().with_prefix(path);
  return AccessToken{.text = *std::move(text), .expires = *expires};
}

Task<Result<AccessToken>> read_elsewhere(std::string path) {
  co_return co_await net::offload(&read, std::move(path));
}

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
  const Result<SmallFile> file = read_small_file(path, kMostBytes);
  if (!file.ok()) return unavailable(file.status().message());
  warn_if_open_to_all(path, file->mode);
  const std::string& text = file->text;
  constexpr std::string_view kAround = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string::npos) return unavailable(path + " is empty");
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

Result<std::chrono::system_clock::time_point> expiry_of_jwt(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second =
      first == std::string_view::npos ? std::string_view::npos : token.find('.', first + 1);
  if (second == std::string_view::npos) return unauthenticated("it holds no JWT");
  const auto claims = read_base64url(token.substr(first + 1, second - first - 1));
  if (!claims) return unauthenticated("it holds a JWT whose claims are no base64url");
  Result<JsonDocument> document = JsonDocument::parse(*claims);
  if (!document.ok() || !document->root().is_object()) {
    return unauthenticated("it holds a JWT whose claims are no JSON object");
  }
  const std::optional<WallTime> expires = read_time(document->root()["exp"]);
  if (!expires) return unauthenticated("it holds a JWT without a time \"exp\"");
  return *expires;
}

TokenFetch token_file_reader(std::string path) {
  return [path = std::move(path)] { return read_elsewhere(path); };
}

}  // namespace weft::security::internal
