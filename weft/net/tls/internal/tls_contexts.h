#pragma once

#include "weft/net/tls/internal/tls_settings.h"
#include "weft/net/tls/tls.h"

namespace weft::net::internal {

/// What tests set beyond the options.
struct TlsTestSettings {
  SystemClock clock{};
  bool verifies_by_clock = true;  ///< else by the system's time
  int max_version = 0;            ///< TLS1_2_VERSION; 0: no limit
};

Result<std::shared_ptr<TlsServerContext>> make_server_context(const TlsServerOptions& options,
                                                              const TlsTestSettings& test);
Result<std::shared_ptr<TlsClientContext>> make_client_context(const TlsClientOptions& options,
                                                              const TlsTestSettings& test);

}  // namespace weft::net::internal
