#include "weft/cluster/resolvers/endpoint_json.h"

#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace weft::cluster {
namespace {

using Json = nlohmann::json;

// Enough of a value to be found again.
constexpr std::size_t kShownLength = 60;
// Of lists and objects in each other; copying and showing a value calls itself for each.
constexpr int kDeepest = 64;

std::string item_path(std::string path, std::size_t index) {
  return path.append("[").append(std::to_string(index)).append("]");
}

std::string member_path(std::string path, std::string_view name) {
  return path.append(".").append(name);
}

Status wrong(const std::string& path, const Json& value, std::string_view why) {
  std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (shown.size() > kShownLength) shown = shown.substr(0, kShownLength) + "...";
  return invalid_argument(path + ": " + shown + " " + std::string(why));
}

Result<Json> parse(std::string_view text) {
  try {
    bool too_deep = false;
    Json json = Json::parse(text, [&](int depth, Json::parse_event_t, const Json&) {
      too_deep = too_deep || depth > kDeepest;
      return !too_deep;
    });
    if (!too_deep) return Result<Json>(std::move(json));
    return invalid_argument("nested deeper than " + std::to_string(kDeepest) + " levels");
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string_view what = error.what();
    const std::size_t begin = what.find("] ");
    return invalid_argument(
        std::string("not JSON: ").append(begin == what.npos ? what : what.substr(begin + 2)));
  }
}

Status read_address(const std::string& path, const Json& value, Endpoint& into) {
  if (!value.is_string()) return wrong(path, value, "is not the text of an address");
  Result<net::Address> address = net::Address::parse(value.get_ref<const std::string&>());
  if (!address) return std::move(address).status().with_prefix(path);
  into.addresses.push_back(*std::move(address));
  return ok_status();
}

Status read_addresses(const std::string& path, const Json& value, Endpoint& into) {
  if (!value.is_array() || value.empty()) return wrong(path, value, "is not a list of addresses");
  for (std::size_t i = 0; i < value.size(); ++i) {
    Status status = read_address(item_path(path, i), value[i], into);
    if (!status.ok()) return status;
  }
  return ok_status();
}

Status read_weight(const std::string& path, const Json& value, Endpoint& into) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t weight = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  if (weight == 0 || weight > kMost) {
    return wrong(path, value, "is not a whole number from 1 to 4294967295");
  }
  into.weight = static_cast<std::uint32_t>(weight);
  return ok_status();
}

Status read_text(const std::string& path, const Json& value, std::string& into) {
  if (!value.is_string()) return wrong(path, value, "is not a text");
  into = value.get<std::string>();
  return ok_status();
}

Status read_attributes(const std::string& path, const Json& value, Endpoint& into) {
  if (!value.is_object()) return wrong(path, value, "is not an object of texts");
  for (const auto& [name, text] : value.items()) {
    Status status = read_text(member_path(path, name), text, into.attributes[name]);
    if (!status.ok()) return status;
  }
  return ok_status();
}

Status read_member(const std::string& path, const std::string& name, const Json& value,
                   UnknownMembers unknown, Endpoint& into) {
  if (name == "address") return read_address(path, value, into);
  if (name == "addresses") return read_addresses(path, value, into);
  if (name == "name") return read_text(path, value, into.name);
  if (name == "weight") return read_weight(path, value, into);
  if (name == "zone") return read_text(path, value, into.zone);
  if (name == "attributes") return read_attributes(path, value, into);
  if (unknown == UnknownMembers::Ignore) return ok_status();
  return wrong(path, value,
               "is not a known member; an endpoint has address, addresses, name, weight, zone and "
               "attributes");
}

Result<Endpoint> read_endpoint(const std::string& path, const Json& value, UnknownMembers unknown) {
  Endpoint endpoint;
  if (value.is_string()) {
    Status status = read_address(path, value, endpoint);
    if (!status.ok()) return status;
    return endpoint;
  }
  if (!value.is_object()) return wrong(path, value, "is neither an object nor an address");
  if (value.contains("address") && value.contains("addresses")) {
    return wrong(path, value, "has both address and addresses");
  }
  for (const auto& [name, member] : value.items()) {
    Status status = read_member(member_path(path, name), name, member, unknown, endpoint);
    if (!status.ok()) return status;
  }
  if (endpoint.addresses.empty()) return wrong(path, value, "has no address");
  return endpoint;
}

}  // namespace

Result<Endpoint> endpoint_from_json(std::string_view text, UnknownMembers unknown) {
  const Result<Json> json = parse(text);
  if (!json) return json.status();
  return read_endpoint("$", *json, unknown);
}

std::string to_json(const Endpoint& endpoint) {
  Json json = Json::object();
  if (endpoint.addresses.size() == 1) {
    json["address"] = endpoint.addresses.front().to_string();
  } else {
    Json addresses = Json::array();
    for (const net::Address& address : endpoint.addresses) addresses.push_back(address.to_string());
    json["addresses"] = std::move(addresses);
  }
  if (!endpoint.name.empty()) json["name"] = endpoint.name;
  if (endpoint.weight != 1) json["weight"] = endpoint.weight;
  if (!endpoint.zone.empty()) json["zone"] = endpoint.zone;
  if (!endpoint.attributes.empty()) json["attributes"] = endpoint.attributes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<Endpoint>> endpoints_from_json(std::string_view text) {
  const Result<Json> json = parse(text);
  if (!json) return json.status();
  const Json* list = &*json;
  std::string path = "$";
  if (list->is_object()) {
    for (const auto& [name, value] : json->items()) {
      if (name != "endpoints") return wrong("$." + name, value, "is not known; expected endpoints");
      list = &value;
      path = "$.endpoints";
    }
  }
  if (!list->is_array()) return wrong(path, *list, "is not a list of endpoints");
  std::vector<Endpoint> endpoints;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Result<Endpoint> endpoint =
        read_endpoint(item_path(path, i), (*list)[i], UnknownMembers::Refuse);
    if (!endpoint) return std::move(endpoint).status();
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

}  // namespace weft::cluster
