#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weft {

/// What a server that is announced (ServerOptions::announce) tells of itself.
struct AnnounceOptions {
  /// Further registries, each as a target like ServerOptions::announce.
  std::vector<std::string> also{};  // {}: or GCC warns where a designated initialiser leaves it out
  /// Where clients are to connect: "10.0.0.5:50051", or "10.0.0.5" with the port that is listened
  /// on. Behind address translation it has to be given. Empty: the addresses that are listened on;
  /// for one that means every interface, this machine's on the way to its default gateway or,
  /// without a gateway, of its first interface, or else the loopback address. Loopback and
  /// link-local addresses and Unix sockets only where there are no others; only a registry on this
  /// machine takes them.
  std::string address{};
  /// Who this is, for people: a pod's name. Empty: the machine's name.
  std::string name{};
  /// Its share of the calls beside the others', for balancers that weigh; 1 to 1000.
  std::uint32_t weight = 1;
  /// Where it runs, for balancers that prefer what is near.
  std::string zone{};
  /// Whatever else clients are to know.
  std::map<std::string, std::string> attributes{};
};

}  // namespace weft
