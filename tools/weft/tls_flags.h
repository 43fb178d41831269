#pragma once

#include <optional>
#include <string>

#include "weft/net/tls/tls.h"

namespace CLI {
class App;
}

namespace weft::cli {

/// How a command speaks TLS. Every one of these flags implies --tls.
struct TlsFlags {
  bool tls = false;
  bool insecure = false;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string server_name;
  std::string min_version;  ///< "1.2", "1.3", or empty

  bool enabled() const noexcept;
  /// Nothing where the connection is to be plaintext.
  std::optional<net::TlsClientOptions> options() const;
};

/// Adds the flags to `command`. `flags` must outlive the parsing.
void add_tls_flags(CLI::App& command, TlsFlags& flags);
/// Loads the files, so that what is wrong with them is said of the flag that names them:
/// CLI::ValidationError. Warns on standard error of --insecure. To be called when all is parsed.
void check_tls_flags(const TlsFlags& flags);

}  // namespace weft::cli
