#include "weft/net/tls/tls_info.h"

namespace weft::net {

std::string_view CertificateInfo::spiffe_id() const noexcept {
  constexpr std::string_view kScheme = "spiffe://";
  std::string_view found;
  // An SVID has exactly one URI, whatever its scheme (X509-SVID section 2).
  if (uris.size() == 1 && uris.front().starts_with(kScheme)) found = uris.front();
  return found;
}

}  // namespace weft::net
