#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft::redis {

/// What a URL of open() says.
struct Endpoint {
  bool tls = false;
  std::string host;  ///< a name or a literal address; of "unix", the path
  bool is_unix = false;
  std::uint16_t port = 6379;
  std::string user;
  std::string password;
  unsigned database = 0;

  static Result<Endpoint> parse(std::string_view url);
  /// For messages: no password.
  std::string name() const;
};

}  // namespace weft::redis
