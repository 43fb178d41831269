#include "weft/registry/etcd/internal/etcd_instance.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "weft/cluster/resolvers/endpoint_json.h"
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

/// What Go's dialler takes: "10.0.0.1:80", "host:80", "unix:///path".
Status read_dialled(std::string_view text, EtcdInstance& into) {
  constexpr std::string_view kUnix = "unix://";
  const bool path = text.starts_with(kUnix);
  Result<net::Address> literal =
      path ? net::Address::parse(std::string("unix:").append(text.substr(kUnix.size())))
           : net::Address::parse(text);
  if (literal.ok()) {
    into.endpoint.addresses.push_back(*std::move(literal));
    return {};
  }
  Result<net::HostPort> name = net::HostPort::parse(text);
  if (!name.ok()) return std::move(name).status();
  into.endpoint.name = name->host;
  into.name = *std::move(name);
  return {};
}

Result<EtcdInstance> read_go(const Json& json) {
  const Json& address = json["Addr"];
  if (!address.is_string()) return invalid_argument("$.Addr: not a text");
  EtcdInstance instance;
  if (const Json operation = json.value("Op", Json(0)); operation != 0) {
    return invalid_argument("$.Op: " + operation.dump() + " is not 0 (add)");
  }
  read_metadata(json.value("Metadata", Json()), instance.endpoint);
  const Status read = read_dialled(address.get_ref<const std::string&>(), instance);
  if (!read.ok()) return read.with_prefix("$.Addr");
  return instance;
}

/// Whether the value may be an address by itself and not in JSON, as scripts and older programs
/// write them.
bool is_plain(std::string_view value) {
  constexpr std::size_t kLongest = 512;
  return !value.empty() && value.size() <= kLongest && value.front() != '{' &&
         value.front() != '"' && value.find(':') != std::string_view::npos &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// "10.0.0.1:80"; a new line at the end is an editor's.
Result<EtcdInstance> read_plain(std::string_view value) {
  EtcdInstance instance;
  const Status read = read_dialled(value, instance);
  if (!read.ok()) return read;
  return instance;
}

}  // namespace

Result<EtcdInstance> etcd_instance(std::string_view value) {
  std::string_view text = value;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (is_plain(text)) return read_plain(text);
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
