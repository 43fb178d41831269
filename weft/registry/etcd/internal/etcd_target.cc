#include "weft/registry/etcd/internal/etcd_target.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

#include "weft/net/socket/address.h"
#include "weft/registry/internal/tls_query.h"

namespace weft::registry {
namespace {

constexpr std::uint16_t kDefaultPort = 2379;
// Below, etcd itself takes two seconds, and a pause of the program's would cost its entry; above,
// who has gone is called for an hour.
constexpr Duration kLeastTtl = std::chrono::seconds(2);
constexpr Duration kMostTtl = std::chrono::hours(1);

Status read_members(std::string_view authority, std::vector<std::string>& into) {
  while (!authority.empty()) {
    const std::string_view item = authority.substr(0, authority.find(','));
    authority.remove_prefix(std::min(authority.size(), item.size() + 1));
    const Result<net::HostPort> parts = net::HostPort::parse(item, kDefaultPort);
    if (!parts.ok()) return parts.status();
    const bool literal6 = parts->host.find(':') != std::string::npos;
    into.push_back((literal6 ? "[" + parts->host + "]" : parts->host) + ":" +
                   std::to_string(parts->port));
  }
  if (into.empty()) return invalid_argument("expected etcd://host:2379,host:2379/prefix");
  return ok_status();
}

Status read_ttl(std::string_view text, Duration& into) {
  std::string_view digits = text;
  if (digits.ends_with('s')) digits.remove_suffix(1);
  std::int64_t seconds = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, seconds);
  if (error == std::errc() && stop == end && seconds > 0 && seconds <= 3600) {
    into = std::chrono::seconds(seconds);
    if (into >= kLeastTtl && into <= kMostTtl) return ok_status();
  }
  return invalid_argument("ttl '" + std::string(text) +
                          "' is not a whole number of seconds from 2s to 3600s");
}

/// The first line of a file.
Status read_password(const std::string& path, std::string& into) {
  std::ifstream file(path);
  if (std::getline(file, into) && !into.empty()) return ok_status();
  return invalid_argument("password_file '" + path + "' cannot be read or has no first line");
}

Status read_option(const std::string& name, const std::string& value, EtcdTarget& into) {
  if (name == "ttl") return read_ttl(value, into.ttl);
  if (name == "user") return into.user = value, ok_status();
  if (name == "password") return into.password = value, ok_status();
  if (name == "password_file") return read_password(value, into.password);
  if (name == "allow_local") return read_local_option(value, into.local);
  const Result<bool> tls = read_tls_option(name, value, into.tls);
  if (!tls.ok() || *tls) return tls.status();
  return invalid_argument("option '" + name +
                          "' is not known; there are ttl, user, password, password_file, "
                          "allow_local, tls, ca, cert, key and server_name");
}

Status read_all(const cluster::TargetParts& parts, EtcdTarget& into) {
  Status status = read_members(parts.authority, into.members);
  if (!status.ok()) return status;
  into.prefix = parts.path;
  while (into.prefix.ends_with('/')) into.prefix.pop_back();
  if (into.prefix.empty()) return invalid_argument("a prefix of keys is missing after the hosts");
  into.prefix += '/';
  if (are_this_machine(into.members)) into.local = LocalAddresses::Accepted;
  for (const auto& [name, value] : parts.query) {
    status = read_option(name, value, into);
    if (!status.ok()) return status;
  }
  if (into.user.empty() != into.password.empty()) {
    return invalid_argument("user and password come together");
  }
  return check_tls(into.tls);
}

}  // namespace

Result<EtcdTarget> EtcdTarget::read(const cluster::TargetParts& parts) {
  EtcdTarget target;
  Status status = read_all(parts, target);
  if (status.ok()) return target;
  // Without its query, where a password may be.
  return status.with_prefix("target '" + std::string(cluster::shown(parts.text)) + "'");
}

}  // namespace weft::registry
