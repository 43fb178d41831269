#pragma once

#include <string>

#include "weft/rpc/call/principal.h"

namespace weft::security::internal {

/// As rules of a policy name it: a certificate's name, "issuer/subject" or "scheme/subject" of
/// another principal, so that a token cannot pass as a certificate. Empty without a subject.
inline std::string caller_name(const Principal& who) {
  if (who.scheme == "tls" || who.subject.empty()) return who.subject;
  return (who.issuer.empty() ? who.scheme : who.issuer) + "/" + who.subject;
}

}  // namespace weft::security::internal
