#include "weft/storage/postgres/connect/internal/conninfo.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>

#include "weft/storage/postgres/internal/libpq.h"

namespace weft::postgres {
namespace {

/// What rows are read by: moments in UTC, as ISO 8601, bytes as hexadecimal digits.
constexpr std::string_view kSettings =
    "-c TimeZone=UTC -c DateStyle=ISO,MDY -c bytea_output=hex -c client_encoding=UTF8";
/// PostgreSQL's number of milliseconds is an int; 0 is no limit.
constexpr std::chrono::milliseconds kLongestIdle(INT32_MAX);
constexpr std::string_view kDefaultPort = "5432";
constexpr std::size_t kMostServers = 64;

std::string settings(Duration idle_transaction) {
  const auto idle = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<Duration>(idle_transaction, std::chrono::milliseconds(1), kLongestIdle));
  return std::string(kSettings) +
         " -c idle_in_transaction_session_timeout=" + std::to_string(idle.count());
}

using Parameters = std::map<std::string, std::string, std::less<>>;

void add_set(const PQconninfoOption* options, Parameters& into) {
  for (const PQconninfoOption* one = options; one != nullptr && one->keyword != nullptr; ++one) {
    if (one->val != nullptr && *one->val != '\0') into[one->keyword] = one->val;
  }
}

std::string take(Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return {};
  std::string value = std::move(found->second);
  parameters.erase(found);
  return value;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

/// As libpq pairs its lists: one port is that of all hosts.
Result<std::vector<Server>> servers_of(Parameters& parameters) {
  const std::vector<std::string> hosts = split(take(parameters, "host"));
  const std::vector<std::string> addresses = split(take(parameters, "hostaddr"));
  const std::vector<std::string> ports = split(take(parameters, "port"));
  const std::size_t count = std::max<std::size_t>({hosts.size(), addresses.size(), 1});
  const auto fits = [&](std::size_t size) { return size == 0 || size == count; };
  if (!fits(hosts.size()) || !fits(addresses.size()) ||
      !(ports.size() <= 1 || fits(ports.size()))) {
    return invalid_argument("the connection string has " + std::to_string(hosts.size()) +
                            " hosts, " + std::to_string(addresses.size()) + " addresses and " +
                            std::to_string(ports.size()) + " ports");
  }
  if (count > kMostServers) {
    return invalid_argument("the connection string has " + std::to_string(count) +
                            " servers; the limit is " + std::to_string(kMostServers));
  }
  std::vector<Server> servers(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!hosts.empty()) servers[i].host = hosts[i];
    if (!addresses.empty()) servers[i].address = addresses[i];
    if (!ports.empty()) servers[i].port = ports[ports.size() == 1 ? 0 : i];
    if (servers[i].port.empty()) servers[i].port = kDefaultPort;
  }
  return servers;
}

}  // namespace

Result<Conninfo> Conninfo::parse(const std::string& text, Duration idle_transaction) {
  // libpq's own message would quote a part of the text, and that may be a password.
  const PgOptions given(PQconninfoParse(text.c_str(), nullptr));
  if (given == nullptr) {
    return invalid_argument(
        "the connection string cannot be read: key=value pairs of libpq or postgresql://... are "
        "expected");
  }
  Parameters parameters;
  const PgOptions defaults(PQconndefaults());
  add_set(defaults.get(), parameters);
  add_set(given.get(), parameters);
  Result<std::vector<Server>> servers = servers_of(parameters);
  if (!servers.ok()) return servers.status();

  Conninfo info;
  info.servers = *std::move(servers);
  // Servers are tried one at a time, so a preference is two rounds.
  const std::string attributes = take(parameters, "target_session_attrs");
  if (attributes == "prefer-standby") {
    info.session_attributes = {"standby", "any"};
  } else {
    info.session_attributes = {attributes.empty() ? "any" : attributes};
  }
  // Looks for Kerberos tickets, and the handshake would block.
  parameters["gssencmode"] = "disable";
  std::string& options = parameters["options"];
  options = settings(idle_transaction) + (options.empty() ? "" : " " + options);
  info.parameters.assign(parameters.begin(), parameters.end());
  return info;
}

}  // namespace weft::postgres
