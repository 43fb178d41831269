#pragma once

#include <memory>

#include "weft/http1/client/client.h"
#include "weft/security/jwt/internal/key_store.h"
#include "weft/security/jwt/jwt_options.h"

namespace weft::security::internal {

/// Reads the keys from where `issuer` says: a file, a URL, or the URL that its OpenID configuration
/// names. `http` is used where it is not null.
KeysReader keys_reader(const JwtIssuer& issuer, std::shared_ptr<http1::Client> http);

/// OK for https, and for http to this machine: who can change keys on their way can make tokens,
/// and who can read tokens on their way can use them.
Status check_secret_url(const std::string& url);

/// The whole of a file of keys, as read_small_file() gives it: 1 MiB at most.
Result<std::string> read_keys_file(const std::string& path);

}  // namespace weft::security::internal
