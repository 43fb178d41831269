#include "tools/weft/address_text.h"

#include "weft/net/address.h"

namespace weft::cli {

Result<std::string> target_of(std::string_view address) {
  std::string text(address);
  if (text.starts_with(':')) text.insert(0, "localhost");
  const Result<net::Target> target = net::Target::parse(text);
  Status status = target.status();
  if (status.ok() && target->scheme == "dns") {
    status = net::HostPort::parse(target->endpoint).status();
  } else if (status.ok()) {
    status = target->literals().status();
  }
  if (status.ok()) return text;
  return invalid_argument("ADDRESS: " + std::string(status.message()) +
                          "\nforms are host:port, :port, dns:///host:port, ipv4:1.2.3.4:port, "
                          "ipv6:[::1]:port, unix:/path");
}

}  // namespace weft::cli
