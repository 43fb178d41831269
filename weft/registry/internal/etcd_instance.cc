#include "weft/registry/internal/etcd_instance.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "weft/cluster/endpoint_json.h"
#include "weft/registry/internal/instance.h"

namespace weft::registry {
namespace {

using Json = nlohmann::json;

// Of lists and objects in each other; copying and showing a value calls itself for each.
constexpr int kDeepest = 64;

/// The value, or nothing where it is not JSON or is too deep.
std::optional<Json> parse(std::string_view text) {
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  Json json = Json::parse(text, look, false);
  if (too_deep || json.is_discarded()) return std::nullopt;
  return json;
}

void read_metadata(const Json& metadata, cluster::Endpoint& into) {
  if (metadata.is_null()) return;
  if (!metadata.is_object()) {
    into.attributes["metadata"] =
        metadata.is_string() ? metadata.get<std::string>()
                             : metadata.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  for (const auto& [name, value] : metadata.items()) {
    into.attributes[name] = value.is_string()
                                ? value.get<std::string>()
                                : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

/// `Addr` is what Go's dialler takes: "10.0.0.1:80", "host:80", "unix:///path".
Result<EtcdInstance> read_go(const Json& json) {
  const Json& address = json["Addr"];
  if (!address.is_string()) return invalid_argument("$.Addr: not a text");
  const auto& text = address.get_ref<const std::string&>();
  EtcdInstance instance;
  if (const Json operation = json.value("Op", Json(0)); operation != 0) {
    return invalid_argument("$.Op: " + operation.dump() + " is not 0 (add)");
  }
  read_metadata(json.value("Metadata", Json()), instance.endpoint);
  constexpr std::string_view kUnix = "unix://";
  Result<net::Address> literal =
      net::Address::parse(text.starts_with(kUnix) ? "unix:" + text.substr(kUnix.size()) : text);
  if (literal.ok()) {
    instance.endpoint.addresses.push_back(*std::move(literal));
    return instance;
  }
  Result<net::HostPort> name = net::HostPort::parse(text);
  if (!name.ok()) return std::move(name).status().with_prefix("$.Addr");
  instance.endpoint.name = name->host;
  instance.name = *std::move(name);
  return instance;
}

}  // namespace

Result<EtcdInstance> etcd_instance(std::string_view value) {
  const std::optional<Json> json = parse(value);
  if (json && json->is_object() && json->contains("Addr")) return read_go(*json);
  Result<cluster::Endpoint> endpoint =
      cluster::endpoint_from_json(value, cluster::UnknownMembers::Ignore);
  if (!endpoint.ok()) return std::move(endpoint).status();
  for (const net::Address& address : endpoint->addresses) {
    Status usable = parse_address(address.to_string()).status();
    if (!usable.ok()) return usable;
  }
  return EtcdInstance{.endpoint = *std::move(endpoint)};
}

}  // namespace weft::registry
