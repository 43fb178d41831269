#include <algorithm>
#include <array>

#include "weft/net/socket/address.h"

namespace weft::net {
namespace {

// What a name without a port means: the port of https, as in gRPC's naming document.
constexpr std::uint16_t kDefaultPort = 443;
constexpr std::string_view kExpected =
    "expected host:port, dns:///host:port, ipv4:a.b.c.d:port, ipv6:[address]:port, unix:path or "
    "memory:name";

Status unreadable(std::string_view text, std::string_view why) {
  std::string message = "target '";
  return invalid_argument(message.append(text).append("': ").append(why));
}

bool known_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 6> kSchemes = {"dns",  "ipv4",          "ipv6",
                                                        "unix", "unix-abstract", "memory"};
  return std::find(kSchemes.begin(), kSchemes.end(), scheme) != kSchemes.end();
}

/// Calls `use(host, port)` for each item of "a:1,b:2"; the first status that is not OK ends it.
template <class F>
Status for_each_literal(std::string_view list, F&& use) {
  while (true) {
    const std::size_t comma = list.find(',');
    Result<HostPort> item = HostPort::parse(list.substr(0, comma));
    if (!item) return std::move(item).status();
    Result<Address> address = Address::ip(item->host, item->port);
    if (!address) return std::move(address).status();
    if (Status status = use(std::move(*address)); !status.ok()) return status;
    if (comma == std::string_view::npos) return ok_status();
    list.remove_prefix(comma + 1);
  }
}

Status check_literals(const Target& target, Address::Family family) {
  return for_each_literal(target.endpoint, [&](const Address& address) -> Status {
    if (address.family() == family) return ok_status();
    return invalid_argument(address.to_string() + " is not an address of the scheme " +
                            target.scheme);
  });
}

Status check(const Target& target) {
  if (target.endpoint.empty()) return invalid_argument("nothing follows the scheme");
  if (!target.authority.empty() && target.scheme != "dns") {
    return invalid_argument("an authority ('" + target.authority + "') has no meaning for " +
                            target.scheme);
  }
  if (target.scheme == "ipv4") return check_literals(target, Address::Family::Ipv4);
  if (target.scheme == "ipv6") return check_literals(target, Address::Family::Ipv6);
  if (target.scheme == "dns") return HostPort::parse(target.endpoint, kDefaultPort).status();
  return ok_status();
}

}  // namespace

Result<Target> Target::parse(std::string_view text) {
  Target target{.scheme = "dns", .authority = {}, .endpoint = std::string(text)};
  const std::size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (text.empty()) return unreadable(text, kExpected);
  if (colon != std::string_view::npos && known_scheme(scheme)) {
    std::string_view rest = text.substr(colon + 1);
    target.scheme = std::string(scheme);
    if (rest.starts_with("//")) {
      const std::size_t slash = rest.find('/', 2);
      if (slash == std::string_view::npos) {
        return unreadable(text, "a third '/' is missing before the name");
      }
      target.authority = std::string(rest.substr(2, slash - 2));
      // A path keeps its slash, since it is absolute; a name has none.
      rest.remove_prefix(target.scheme == "unix" ? slash : slash + 1);
    }
    target.endpoint = std::string(rest);
    if (target.scheme == "unix-abstract") {
      target.scheme = "unix";
      target.endpoint.insert(0, "@");
    }
  } else if (text.find("://") != std::string_view::npos) {
    return unreadable(
        text, std::string("unknown scheme '").append(scheme).append("', ").append(kExpected));
  }
  if (Status status = check(target); !status.ok()) return unreadable(text, status.message());
  return target;
}

Result<std::vector<Address>> Target::literals() const {
  std::vector<Address> addresses;
  if (scheme == "unix") {
    addresses.push_back(Address::unix_path(endpoint));
  } else if (scheme == "memory") {
    const Result<HostPort> named = HostPort::parse(endpoint);
    addresses.push_back(named ? Address::memory(named->host, named->port)
                              : Address::memory(endpoint));
  } else if (scheme == "ipv4" || scheme == "ipv6") {
    Status status = for_each_literal(endpoint, [&](Address address) -> Status {
      addresses.push_back(std::move(address));
      return ok_status();
    });
    if (!status.ok()) return status;
  }
  return addresses;
}

}  // namespace weft::net
