#include "tools/weft/address_text.h"

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/socket/address.h"

namespace weft::cli {

Result<std::string> target_of(std::string_view address) {
  std::string text(address);
  if (text.starts_with(':')) text.insert(0, "localhost");
  // What a resolver of that scheme cannot read, it says when the channel asks it.
  if (cluster::lists_instances(text)) return text;
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
                          "ipv6:[::1]:port, unix:/path, weft://registry:port/service");
}

}  // namespace weft::cli
