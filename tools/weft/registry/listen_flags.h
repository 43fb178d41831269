#pragma once

#include <optional>
#include <string>

#include "weft/base/status.h"
#include "weft/net/tls/tls.h"

namespace CLI {
class App;
}

namespace weft::cli {

/// Where a registry listens, and how. Whoever reaches it can send its clients anywhere, so beyond
/// this machine it wants TLS, or an explicit word.
struct ListenFlags {
  std::string listen = "127.0.0.1:7070";
  bool insecure = false;
  std::string certificate;
  std::string key;
  std::string client_ca;

  /// Nothing where connections are plaintext.
  std::optional<net::TlsServerOptions> tls() const;
};

/// Adds the flags to `command`. `flags` must outlive the parsing.
void add_listen_flags(CLI::App& command, ListenFlags& flags);
/// INVALID_ARGUMENT naming the flag that is wrong or missing, files that cannot be loaded included.
Status check_listen_flags(const ListenFlags& flags);

}  // namespace weft::cli
