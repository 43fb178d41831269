#include "weft/cluster/resolvers/announcer.h"

#include <utility>

#include "weft/cluster/resolvers/schemes.h"

namespace weft::cluster {
namespace {

Schemes<AnnouncerFactory>& schemes() {
  // Never destroyed: servers may be made while a program ends.
  static auto& all = *new Schemes<AnnouncerFactory>();
  return all;
}

// Before main(): a fork() while another thread makes it would leave the child to wait for that.
[[maybe_unused]] const Schemes<AnnouncerFactory>& made_early = schemes();

}  // namespace

void register_announcer(std::string scheme, AnnouncerFactory factory) {
  schemes().add(std::move(scheme), std::move(factory));
}

Result<std::unique_ptr<Announcer>> make_announcer(net::Loop& loop, std::string_view target) {
  Result<TargetParts> parts = TargetParts::parse(target);
  if (!parts.ok()) return std::move(parts).status();
  const AnnouncerFactory factory = schemes().find(parts->scheme);
  if (!factory) {
    return invalid_argument("'" + std::string(shown(parts->text)) +
                            "': nothing that can announce is registered for '" + parts->scheme +
                            "' (there are: " + schemes().names() + ")");
  }
  return factory(loop, *parts);
}

}  // namespace weft::cluster
