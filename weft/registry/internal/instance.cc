#include "weft/registry/internal/instance.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "weft/net/socket/address_scope.h"

namespace weft::registry {
namespace {

constexpr std::size_t kMaxServiceName = 255;
// More than any IP address, path of a Unix socket or sensible name has.
constexpr std::size_t kMaxAddress = 256;

Status unusable(std::string_view text, std::string_view why) {
  std::string message = "address '";
  return invalid_argument(message.append(text).append("': ").append(why));
}

Result<net::Address> parse_ip(std::string_view text) {
  Result<net::HostPort> parts = net::HostPort::parse(text);
  if (!parts.ok()) return unusable(text, parts.status().message());
  Result<net::Address> address = net::Address::ip(parts->host, parts->port);
  if (!address.ok()) return unusable(text, address.status().message());
  if (address->port() == 0) return unusable(text, "port 0 is no port to connect to");
  if (address->host() == "0.0.0.0" || address->host() == "::") {
    return unusable(text, "the address of every interface cannot be connected to");
  }
  if (net::scope_of(*address) == net::AddressScope::Nowhere) {
    return unusable(text, "multicast and reserved addresses cannot be connected to");
  }
  return address;
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

Status check_text(std::string_view text) {
  if (text.size() > kMaxAddress) {
    return invalid_argument("an address has " + std::to_string(text.size()) + " bytes, more than " +
                            std::to_string(kMaxAddress));
  }
  if (std::none_of(text.begin(), text.end(), &is_control)) return {};
  return unusable(text, "it has a control character");
}

bool may_be_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '/';
}

}  // namespace

Result<net::Address> parse_address(std::string_view text) {
  if (Status status = check_text(text); !status.ok()) return status;
  if (!text.starts_with("unix:") && !text.starts_with("memory:")) return parse_ip(text);
  const Result<net::Target> target = net::Target::parse(text);
  if (!target.ok()) return target.status();
  Result<std::vector<net::Address>> literals = target->literals();
  if (!literals.ok()) return std::move(literals).status();
  return std::move(literals->front());
}

Result<cluster::Endpoint> endpoint_of(const v1::Instance& instance) {
  cluster::Endpoint endpoint;
  for (const std::string& text : instance.addresses()) {
    Result<net::Address> address = parse_address(text);
    if (!address.ok()) return std::move(address).status();
    endpoint.addresses.push_back(std::move(*address));
  }
  if (endpoint.addresses.empty()) return invalid_argument("the instance has no address");
  endpoint.name = instance.name();
  endpoint.weight = std::max(1U, instance.weight());
  endpoint.zone = instance.zone();
  endpoint.attributes.insert(instance.attributes().begin(), instance.attributes().end());
  return endpoint;
}

v1::Instance instance_of(const cluster::Endpoint& endpoint, std::string id) {
  v1::Instance instance;
  instance.set_id(std::move(id));
  for (const net::Address& address : endpoint.addresses) {
    instance.add_addresses(address.to_string());
  }
  instance.set_name(endpoint.name);
  instance.set_weight(endpoint.weight);
  instance.set_zone(endpoint.zone);
  instance.mutable_attributes()->insert(endpoint.attributes.begin(), endpoint.attributes.end());
  return instance;
}

Status check_service_name(std::string_view name) {
  if (name.empty()) return invalid_argument("the service has no name");
  if (name.size() > kMaxServiceName) {
    return invalid_argument("the service's name has " + std::to_string(name.size()) +
                            " characters, more than " + std::to_string(kMaxServiceName));
  }
  if (!std::all_of(name.begin(), name.end(), may_be_in_name)) {
    return invalid_argument("service '" + std::string(name) +
                            "': a name consists of letters, digits, '.', '_', '-' and '/'");
  }
  return {};
}

}  // namespace weft::registry
