#pragma once

#include <optional>
#include <string>

#include "weft/base/status.h"
#include "weft/net/tls/tls.h"

namespace CLI {
class App;
}

namespace weft::cli {

/// Where a server of the command listens, and how. Whoever reaches it has a say in a fleet, so
/// beyond this machine it wants TLS, or an explicit word.
struct ListenFlags {
  std::string listen;  ///< the default, until the flag is read
  /// "registry", and what any machine that reaches it can do: "decide where its clients connect".
  std::string server;
  std::string danger;
  bool insecure = false;
  std::string certificate{};
  std::string key{};
  std::string client_ca{};

  /// Nothing where connections are plaintext.
  std::optional<net::TlsServerOptions> tls() const;
};

/// Adds the flags to `command`. `flags` must outlive the parsing.
void add_listen_flags(CLI::App& command, ListenFlags& flags);
/// INVALID_ARGUMENT naming the flag that is wrong or missing, files that cannot be loaded included.
Status check_listen_flags(const ListenFlags& flags);

}  // namespace weft::cli
