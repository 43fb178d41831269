#pragma once

#include <cstdint>
#include <string>

#include "weft/rpc/call/service.h"
#include "weft/security/credentials/credential_source.h"

namespace weft {

struct CredentialOptions {
  /// The field of metadata, in lower case: "x-api-key" for API keys.
  std::string field = "authorization";
  enum class Plaintext : std::uint8_t {
    Refused,
    /// Also over connections without TLS to other machines, where every machine on the way can read
    /// the credential and use it. For networks that encrypt by themselves, such as a mesh.
    Allowed,
  };
  Plaintext plaintext = Plaintext::Refused;
};

/// Calls of a channel, each attempt of them, carry what `source` gives:
///
///     channel.use_per_endpoint(weft::credentials(
///         security::bearer_token_from_file("/var/run/secrets/tokens/orders")));
///
/// A call that has the field already (CallOptions::metadata) keeps its own. The one and the other
/// go only over TLS with a verified server, to an address of this machine, or within the process;
/// other calls end with UNAUTHENTICATED, as in gRPC. Where nothing is known of the way, which is so
/// in Channel::use() and with transports of one's own, that is such a call, too.
Middleware credentials(security::CredentialSourceRef source, CredentialOptions options = {});

}  // namespace weft
