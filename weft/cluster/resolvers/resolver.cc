#include "weft/cluster/resolvers/resolver.h"

#include <utility>

#include "weft/cluster/resolvers/internal/basic_resolvers.h"
#include "weft/cluster/resolvers/schemes.h"

namespace weft::cluster {
namespace {

Schemes<ResolverFactory>& schemes() {
  // Never destroyed: channels may be made while a program ends.
  static auto& all = *new Schemes<ResolverFactory>();
  return all;
}

// Before main(): a fork() while another thread makes it would leave the child to wait for that.
[[maybe_unused]] const Schemes<ResolverFactory>& made_early = schemes();

Result<std::unique_ptr<Resolver>> literal_resolver(const net::Target& target) {
  Result<std::vector<net::Address>> addresses = target.literals();
  if (!addresses.ok()) return std::move(addresses).status();
  return fixed_resolver(endpoints_of(*std::move(addresses)));
}

bool is_list(std::string_view scheme) noexcept {
  return scheme == "static" || scheme == "file" || scheme == "srv";
}

/// The part of weft that registers the scheme; empty where none does.
std::string_view component_of(std::string_view scheme) noexcept {
  return scheme == "weft" || scheme == "etcd" ? "weft::registry" : std::string_view();
}

Result<std::unique_ptr<Resolver>> list_resolver(net::Loop& loop, const TargetParts& target) {
  if (target.scheme == "static") return static_resolver(target);
  return target.scheme == "file" ? file_resolver(target) : srv_resolver(loop, target);
}

}  // namespace

void register_resolver(std::string scheme, ResolverFactory factory) {
  schemes().add(std::move(scheme), std::move(factory));
}

Result<std::unique_ptr<Resolver>> make_resolver(net::Loop& loop, std::string_view target) {
  const std::string_view scheme = target.substr(0, target.find(':'));
  const ResolverFactory factory = schemes().find(scheme);
  if (factory || is_list(scheme)) {
    Result<TargetParts> parts = TargetParts::parse(target);
    if (!parts.ok()) return std::move(parts).status();
    return factory ? factory(loop, *parts) : list_resolver(loop, *parts);
  }
  Result<net::Target> parsed = net::Target::parse(target);
  if (!parsed.ok()) {
    std::string message(parsed.status().message());
    message.append("; there are also inproc, static, file and srv, and registered: ");
    message.append(schemes().names());
    const std::string_view component = component_of(scheme);
    if (!component.empty()) {
      message.append("; '").append(scheme).append("' comes with ").append(component);
      message.append(", which this program does not link (target_link_libraries)");
    }
    return Status(parsed.status().code(), message);
  }
  return parsed->scheme == "dns" ? dns_resolver(loop, *parsed) : literal_resolver(*parsed);
}

bool lists_instances(std::string_view target) {
  const std::string_view scheme = target.substr(0, target.find(':'));
  return is_list(scheme) || static_cast<bool>(schemes().find(scheme));
}

}  // namespace weft::cluster
