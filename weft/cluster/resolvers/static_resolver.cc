#include <charconv>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/cluster/resolvers/internal/basic_resolvers.h"
#include "weft/cluster/resolvers/internal/target_options.h"

namespace weft::cluster {
namespace {

/// Cuts what stands before the next `separator` off the front of `text`.
std::string_view cut(std::string_view& text, char separator) {
  const std::string_view item = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), item.size() + 1));
  return item;
}

Status read_weight(std::string_view text, Endpoint& into) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, into.weight);
  if (error == std::errc() && stop == end && into.weight != 0) return ok_status();
  return invalid_argument("weight '" + std::string(text) +
                          "' is not a whole number from 1 to 4294967295");
}

Status read_address(std::string_view text, Endpoint& into) {
  Result<net::Address> address = net::Address::parse(text);
  if (!address) return std::move(address).status();
  into.addresses.push_back(*std::move(address));
  return ok_status();
}

Status read_property(std::string_view property, Endpoint& into) {
  std::string_view rest = property;
  const std::string name(cut(rest, '='));
  if (name.empty() || name.size() == property.size()) {
    return invalid_argument("'" + std::string(property) + "' is not of the form name=value");
  }
  std::optional<std::string> value = ascii::percent_decoded(rest);
  if (!value) {
    return invalid_argument("'" + std::string(property) +
                            "': a '%' is not followed by two hexadecimal digits");
  }
  if (name == "address") return read_address(*value, into);
  if (name == "weight") return read_weight(*value, into);
  if (name == "zone") {
    into.zone = *std::move(value);
  } else if (name == "name") {
    into.name = *std::move(value);
  } else {
    into.attributes[name] = *std::move(value);
  }
  return ok_status();
}

Result<Endpoint> read_endpoint(std::string_view item) {
  Endpoint endpoint;
  Status status = read_address(cut(item, ';'), endpoint);
  while (status.ok() && !item.empty()) status = read_property(cut(item, ';'), endpoint);
  if (!status.ok()) return status;
  return endpoint;
}

}  // namespace

Result<std::unique_ptr<Resolver>> static_resolver(const TargetParts& target) {
  if (Status status = refuse_options(target); !status.ok()) return status;
  const std::string prefix = "target '" + target.text + "'";
  if (!target.authority.empty()) {
    return invalid_argument(prefix + ": a list follows 'static:' or 'static:///'");
  }
  std::vector<Endpoint> endpoints;
  std::string_view left = target.path;
  do {
    Result<Endpoint> endpoint = read_endpoint(cut(left, ','));
    if (!endpoint) {
      return std::move(endpoint).status().with_prefix(prefix + ": endpoint " +
                                                      std::to_string(endpoints.size() + 1));
    }
    endpoints.push_back(*std::move(endpoint));
  } while (!left.empty());
  return fixed_resolver(std::move(endpoints));
}

}  // namespace weft::cluster
