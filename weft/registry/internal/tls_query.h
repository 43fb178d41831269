#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/net/tls/tls.h"

namespace weft::registry {

/// The options of a target that say how its registry is reached, the same for every scheme:
/// `tls=true`, `ca=FILE`, `cert=FILE`, `key=FILE`, `server_name=NAME`; any of the last four means
/// TLS. Reads one of them into `into`; false where `name` is another option.
Result<bool> read_tls_option(const std::string& name, const std::string& value,
                             std::optional<net::TlsClientOptions>& into);

/// Loads the files once, so that a mistake is told when the target is read. INVALID_ARGUMENT naming
/// the file.
Status check_tls(const std::optional<net::TlsClientOptions>& tls);

/// "true" or "1", "false" or "0".
Status read_switch(std::string_view name, std::string_view text, bool& into);

}  // namespace weft::registry
